"""Candles."""

from datetime import UTC, datetime
from typing import Annotated

import numpy as np
from pydantic import Field

from db.candles import Series
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.reading import only_now
from mcp_servers.toolkit import Call, Column, Stamps, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import bar_length, from_millis, last_close

EndArg = Annotated[
    str | None,
    Field(description="only bars closed by this time: ISO 8601, UTC unless it says otherwise", max_length=40),
]


class CandlesAnswer(ToolResult):
    """Columns of equal length, oldest first; ``timestamp`` is the open time in UTC milliseconds."""

    symbol: str
    timeframe: str
    count: int
    timestamp: Stamps
    open: Column
    high: Column
    low: Column
    close: Column
    volume: Column
    last_is_open: bool = False


@tool(scope="md:read", read_only=True)
async def get_candles(
    call: Call[MarketDeps],
    symbol: SymbolArg,
    timeframe: TimeframeArg,
    limit: Annotated[int, Field(ge=1, le=1000, description="number of bars")] = 200,
    end: EndArg = None,
    include_open: Annotated[
        bool, Field(description="also the bar still open (live, outside a round)")
    ] = False,
) -> CandlesAnswer:
    """Closed candles up to ``as_of``, or up to ``end`` when that is earlier."""
    series = Series(call.deps.exchange, symbol, timeframe)
    until = _until(call, end)
    await call.deps.source.ensure(series, until)
    bars = call.deps.reader.window(series, until, limit)
    if not len(bars):
        raise DataUnavailable(
            f"no candle of {series.symbol} {series.timeframe} is closed at {until:%Y-%m-%d %H:%M}"
        )
    newest = from_millis(int(bars.timestamp[-1]) + series.bar_ms)
    stale = newest < last_close(until, series.timeframe) - bar_length(series.timeframe)
    if include_open:
        only_now(call, "an open bar")
        if end is not None:
            raise BadInput("include_open: not together with end", field="include_open")
        bars = _and(bars, await call.deps.source.open_bar(series))[-limit:]
    return CandlesAnswer(
        as_of=call.as_of,
        source=call.source,
        stale=stale,
        symbol=series.symbol,
        timeframe=series.timeframe,
        count=len(bars),
        timestamp=bars.timestamp.tolist(),
        open=bars.open.tolist(),
        high=bars.high.tolist(),
        low=bars.low.tolist(),
        close=bars.close.tolist(),
        volume=bars.volume.tolist(),
        last_is_open=include_open,
    )


def _until(call: Call[MarketDeps], end: str | None) -> datetime:
    if end is None:
        return call.as_of
    try:
        at = datetime.fromisoformat(end)
    except ValueError as error:
        raise BadInput(f"end: {end!r} is not an ISO 8601 time", field="end") from error
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    if at > call.as_of:
        raise BadInput(f"end: {end} is later than as_of {call.as_of.isoformat()}", field="end")
    return at


def _and(bars: Candles, more: Candles) -> Candles:
    later = more[int(more.timestamp.searchsorted(bars.timestamp[-1], "right")) :]
    return Candles.of(*[np.concatenate(pair) for pair in zip(bars.arrays(), later.arrays(), strict=True)])
