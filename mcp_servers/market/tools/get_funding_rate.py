"""Funding of a perpetual."""

from datetime import datetime, timedelta

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import funding_paid
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.errors import DataUnavailable
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis

USUAL_INTERVAL = timedelta(hours=8)


class Funding(ToolResult):
    """``funding_rate`` is a fraction per interval, paid by longs to shorts when positive."""

    symbol: str
    funding_rate: float
    funding_annual_pct: float
    paid_at: datetime
    next_at: datetime
    interval_hours: float


@tool(scope="md:read", read_only=True)
async def get_funding_rate(call: Call[MarketDeps], symbol: SymbolArg) -> Funding:
    """The funding rate last paid on the pair's perpetual at ``as_of``, and when the next is due."""
    perpetual = str(parse_symbol(symbol).perpetual())
    paid = await funding_paid(call, symbol, limit=2)
    if not len(paid):
        raise DataUnavailable(f"no funding rate of {perpetual} is known at {call.as_of:%Y-%m-%d %H:%M}")
    at = from_millis(int(paid.timestamp[-1]))
    interval = at - from_millis(int(paid.timestamp[-2])) if len(paid) > 1 else USUAL_INTERVAL
    rate = float(paid.rate[-1])
    return Funding(
        as_of=call.as_of,
        source=call.source,
        stale=call.as_of - at > 2 * interval,
        symbol=perpetual,
        funding_rate=rate,
        funding_annual_pct=annual_pct(rate, interval),
        paid_at=at,
        next_at=at + interval,
        interval_hours=interval / timedelta(hours=1),
    )


def annual_pct(rate: float, interval: timedelta = USUAL_INTERVAL) -> float:
    """A rate per interval as percent a year, without compounding."""
    return round(rate * (timedelta(days=365) / interval) * 100, 6)
