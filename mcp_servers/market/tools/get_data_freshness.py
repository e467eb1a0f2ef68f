"""How good the data is."""

import asyncio
from datetime import datetime
from typing import Annotated

from pydantic import Field

from db.candles import CandleStore, Coverage, Series
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.paging import CursorArg, LimitArg, paged
from mcp_servers.market.reading import WINDOW
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.market.freshness import STALE_HOURS, freshness
from openoutcry.market.quality import examine
from openoutcry.market.spans import Span, total, within
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import DataFault
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import bar_length, millis

SymbolsArg = Annotated[
    list[Annotated[str, Field(max_length=40)]] | None,
    Field(description="only these, e.g. BTC/USDT; all that are stored without", max_length=100),
]
HoursArg = Annotated[
    float, Field(description="a series whose last bar closed longer ago is stale", gt=0, le=1e6)
]


class Freshness(Frozen):
    """One series: what is stored of it and closed at ``as_of``, and how long ago its last bar closed.

    ``missing_bars`` in ``gaps`` lie between the first and the last bar; ``absent_bars`` of them the exchange does not
    have. ``faults`` are those of the newest 256 bars.
    """

    symbol: str
    timeframe: str
    first_bar: datetime
    last_bar: datetime
    bars: int
    age_seconds: float
    is_stale: bool
    gaps: int
    missing_bars: int
    absent_bars: int
    faults: tuple[DataFault, ...]


class FreshnessAnswer(ToolResult):
    """One page by symbol and timeframe; ``next_cursor`` asks for the next, null on the last.

    ``not_stored`` are symbols that were asked for and of which there is nothing.
    """

    exchange: str
    threshold_hours: float
    series: tuple[Freshness, ...]
    not_stored: tuple[str, ...]
    next_cursor: str | None


@tool(scope="md:read", read_only=True)
async def get_data_freshness(
    call: Call[MarketDeps],
    symbols: SymbolsArg = None,
    threshold_hours: HoursArg = STALE_HOURS,
    limit: LimitArg = 25,
    cursor: CursorArg = None,
) -> FreshnessAnswer:
    """Per series: coverage, the last closed bar, its age, gaps and faults."""
    store = CandleStore(call.deps.reader.home)
    asked = None if symbols is None else {canonical(name, field="symbols"): name for name in symbols}
    stored = [one for one in store.series() if one.exchange == call.deps.exchange]
    wanted = [one for one in stored if asked is None or one.symbol in asked]
    page, following = paged(wanted, lambda one: f"{one.symbol} {one.timeframe}", limit, cursor)
    rows = [await _row(call, store, one, threshold_hours) for one in page]
    known = {one.symbol for one in stored if len(call.deps.reader.window(one, call.as_of, 1))}
    return FreshnessAnswer(
        as_of=call.as_of,
        source=call.source,
        exchange=call.deps.exchange,
        threshold_hours=threshold_hours,
        series=tuple(row for row in rows if row is not None),
        not_stored=tuple(name for symbol, name in (asked or {}).items() if symbol not in known),
        next_cursor=following,
    )


async def _row(
    call: Call[MarketDeps], store: CandleStore, series: Series, threshold_hours: float
) -> Freshness | None:
    """None when nothing was closed yet."""
    window = call.deps.reader.window(series, call.as_of, WINDOW)
    if not len(window):
        return None
    covered, absent = await asyncio.to_thread(_looked_up, store, series, call.as_of)
    closed = covered.last + bar_length(series.timeframe)
    fresh = freshness(closed, call.as_of, threshold_hours)
    quality = examine(series.symbol, window, call.as_of, series.timeframe)
    return Freshness(
        symbol=series.symbol,
        timeframe=series.timeframe,
        first_bar=covered.first,
        last_bar=covered.last,
        bars=covered.rows,
        age_seconds=(call.as_of - closed).total_seconds(),
        is_stale=fresh.is_stale,
        gaps=covered.gaps,
        missing_bars=covered.missing,
        absent_bars=absent,
        faults=(*quality.faults, *call.deps.source.faults(series)),
    )


def _looked_up(store: CandleStore, series: Series, as_of: datetime) -> tuple[Coverage, int]:
    """From the footers: reads many small files of a long series."""
    covered = store.coverage(series, as_of)
    bounds = Span(millis(covered.first), millis(covered.last))
    return covered, total(within(store.absent(series), bounds)) // series.bar_ms
