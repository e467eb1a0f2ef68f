"""The last 24 hours."""

from datetime import timedelta

from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import exact, priced
from mcp_servers.toolkit import Call, SymbolArg, ToolResult, tool
from openoutcry.errors import DataUnavailable
from openoutcry.types.amounts import Amount
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import millis

DAY = timedelta(hours=24)


class Ticker24h(ToolResult):
    """``volume`` is in base units; ``price_change_percent`` compares with the price 24 hours before."""

    symbol: str
    price: Amount
    price_change_percent: float | None
    volume: Amount | None
    high_24h: Amount | None
    low_24h: Amount | None


@tool(scope="md:read", read_only=True)
async def get_ticker_24h(call: Call[MarketDeps], symbol: SymbolArg) -> Ticker24h:
    """Price, change, volume, high and low over the 24 hours before ``as_of``."""
    if call.source == "live" and call.round is None:
        seen = await call.deps.source.ticker_now(canonical(symbol))
        return Ticker24h(
            as_of=call.as_of,
            source=call.source,
            symbol=canonical(symbol),
            price=seen.price,
            price_change_percent=seen.change_percent,
            volume=seen.volume,
            high_24h=seen.high,
            low_24h=seen.low,
        )
    found = await priced(call, symbol)
    rows = int(DAY.total_seconds() * 1000) // found.series.bar_ms
    window = call.deps.reader.window(found.series, call.as_of, rows)
    day = window[int(window.timestamp.searchsorted(millis(call.as_of - DAY))) :]
    if not len(day):
        raise DataUnavailable(f"{found.series.symbol}: no bar closed within the last 24 hours")
    return Ticker24h(
        as_of=call.as_of,
        source=call.source,
        symbol=found.series.symbol,
        stale=found.stale,
        price=exact(day.close[-1]),
        price_change_percent=round(float(day.close[-1] / day.open[0] - 1) * 100, 6),
        volume=exact(day.volume.sum()),
        high_24h=exact(day.high.max()),
        low_24h=exact(day.low.min()),
    )
