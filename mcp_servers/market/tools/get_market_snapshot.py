"""The frozen view of a round."""

from typing import Annotated

from pydantic import Field

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import Judged, funding_paid, judged, quote
from mcp_servers.market.tools.get_order_book import book_for
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.errors import BadSymbol, DataUnavailable
from openoutcry.market.book import Book
from openoutcry.types.market import DataFault, Quote
from openoutcry.types.symbols import canonical


class MarketSnapshot(ToolResult):
    """Prices at ``as_of`` with everything that is wrong with them; ``data_digest`` names the bars they rest on."""

    symbol: str
    timeframe: str
    quote: Quote | None
    hedge: Quote | None
    funding_rate: float | None
    faults: tuple[DataFault, ...]
    data_digest: str


@tool(scope="md:read", read_only=True)
async def get_market_snapshot(
    call: Call[MarketDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    hedge_symbol: Annotated[
        str | None, Field(description="The pair's perpetual, e.g. BTC/USDT:USDT", max_length=40)
    ] = None,
) -> MarketSnapshot:
    """Quotes of a symbol and of its hedge at the last closed bar, the last funding rate, and every data fault."""
    primary = await judged(call, symbol, timeframe)
    seen = [(primary.series, primary.window)]
    faults, hedge = list(primary.quality.faults), None
    if hedge_symbol is not None:
        try:
            other = await judged(call, hedge_symbol, timeframe)
        except (BadSymbol, DataUnavailable) as error:
            faults.append(
                DataFault(
                    symbol=canonical(hedge_symbol, field="hedge_symbol"), kind="missing", detail=str(error)
                )
            )
        else:
            seen.append((other.series, other.window))
            faults += other.quality.faults
            hedge = await _with_book(call, other)
    paid = await funding_paid(call, symbol)
    return MarketSnapshot(
        as_of=call.as_of,
        source=call.source,
        stale=primary.stale,
        symbol=primary.series.symbol,
        timeframe=primary.series.timeframe,
        quote=await _with_book(call, primary),
        hedge=hedge,
        funding_rate=float(paid.rate[-1]) if len(paid) else None,
        faults=tuple(faults),
        data_digest=call.deps.lines.digest(seen),
    )


async def _with_book(call: Call[MarketDeps], found: Judged) -> Quote | None:
    """The quote, with the book's top where the book of that moment is known."""
    bare = quote(found)
    book: Book | None = None
    if bare is not None and call.source == "synthetic":
        book = await book_for(call, found, levels=1)
    if bare is None or book is None:
        return bare
    return bare.model_copy(update={"bid": book.bids[0].price, "ask": book.asks[0].price})
