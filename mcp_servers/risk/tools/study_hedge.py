"""What a hedge would have done over stored candles."""

from typing import Annotated

from pydantic import Field

from db.candles import FundingSeries, Series
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import stored
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.hedging.study import Book
from openoutcry.hedging.study import study_hedge as study
from openoutcry.market.candles import FundingRates
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis

MOST_BARS = 20_000


class BookFigures(Frozen):
    """Volatility a year; return after costs and deepest drawdown as fractions of the first spot value."""

    volatility: float
    total_return: float
    max_drawdown: float


class HedgeStudyReport(ToolResult):
    """One unit of spot with and without ``ratio`` units of the perpetual sold against it.

    ``volatility_reduction`` is null where the market did not move; ``funding`` is what the short received, negative = paid.
    """

    symbol: str
    hedge_symbol: str
    timeframe: str
    bars: int
    ratio: float
    unhedged: BookFigures
    hedged: BookFigures
    volatility_reduction: float | None
    funding: float
    basis: float
    costs: float


@tool(scope="risk:read", read_only=True)
async def study_hedge(
    call: Call[RiskDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    bars: Annotated[int, Field(description="Newest bars to look at", ge=3, le=MOST_BARS)] = 720,
    ratio: Annotated[float, Field(description="Short perpetual over spot", ge=0, le=2)] = 1.0,
) -> HedgeStudyReport:
    """Volatility, return and drawdown of spot, unhedged and hedged with the perpetual, fees and funding included."""
    pair = parse_symbol(symbol)
    spot = Series(call.deps.exchange, str(pair.spot()), timeframe)
    perp = Series(call.deps.exchange, str(pair.perpetual()), timeframe)
    held, short = stored(call, spot, bars), stored(call, perp, bars)
    rates = FundingRates.empty()
    if len(held):
        first = from_millis(int(held.timestamp[0]))
        rates = call.deps.reader.funding_between(
            FundingSeries(call.deps.exchange, perp.symbol), first, call.as_of
        )
    found = study(held, short, rates, timeframe=spot.timeframe, ratio=ratio, venue=call.deps.settings.venue)
    return HedgeStudyReport(
        as_of=call.as_of,
        source=call.source,
        symbol=spot.symbol,
        hedge_symbol=perp.symbol,
        timeframe=spot.timeframe,
        bars=found.bars,
        ratio=ratio,
        unhedged=_figures(found.unhedged),
        hedged=_figures(found.hedged),
        volatility_reduction=found.reduction,
        funding=found.funding,
        basis=found.basis,
        costs=found.costs,
    )


def _figures(book: Book) -> BookFigures:
    return BookFigures(
        volatility=book.volatility, total_return=book.total_return, max_drawdown=book.max_drawdown
    )
