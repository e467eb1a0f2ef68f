"""Spot against perpetual."""

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import exact, funding_paid, judged, usable
from mcp_servers.market.tools.get_funding_rate import annual_pct
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.errors import DataUnavailable
from openoutcry.hedging.costs import basis_pct
from openoutcry.types.amounts import Amount
from openoutcry.types.symbols import parse_symbol


class Basis(ToolResult):
    """``basis_pct`` is the perpetual's price over the spot price minus one, in percent, at the same bar's close."""

    spot_symbol: str
    perp_symbol: str
    spot_price: Amount
    perp_price: Amount
    basis_pct: float
    funding_rate: float | None
    funding_annual_pct: float | None


@tool(scope="md:read", read_only=True)
async def get_basis(call: Call[MarketDeps], symbol: SymbolArg, timeframe: TimeframeArg = "1h") -> Basis:
    """Spot and perpetual prices at the last bar both have closed, their difference, and the funding last paid."""
    pair = parse_symbol(symbol)
    spot = usable(await judged(call, str(pair.spot()), timeframe))
    perp = usable(await judged(call, str(pair.perpetual()), timeframe))
    if spot.window.timestamp[-1] != perp.window.timestamp[-1]:
        raise DataUnavailable(f"{pair.spot()} and {pair.perpetual()} do not end with the same bar")
    paid = await funding_paid(call, symbol)
    rate = float(paid.rate[-1]) if len(paid) else None
    return Basis(
        as_of=call.as_of,
        source=call.source,
        stale=spot.stale or perp.stale,
        spot_symbol=spot.series.symbol,
        perp_symbol=perp.series.symbol,
        spot_price=exact(spot.window.close[-1]),
        perp_price=exact(perp.window.close[-1]),
        basis_pct=round(basis_pct(float(spot.window.close[-1]), float(perp.window.close[-1])), 8),
        funding_rate=rate,
        funding_annual_pct=None if rate is None else annual_pct(rate),
    )
