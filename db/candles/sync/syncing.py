"""Bringing several symbols of one exchange up to date, one series after another."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore
from db.candles.sync.feed import Feed
from db.candles.sync.filling import Filled, Filling
from db.candles.sync.request import SyncRequest
from db.candles.sync.result import SeriesDone, SyncResult, times
from openoutcry.errors import BadInput, DataUnavailable, OpenOutcryError
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.spans import Span
from openoutcry.ports import Clock
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis, millis

FIRST_TIME_MS = 365 * 86_400_000
"""How far back a series goes that was never stored, when nobody says."""
SETTLE_MS = 1000
"""A bar is taken as final this long after its close, as for live data."""
STOPPED = "stopped before its end; the same sync goes on from there"


class History(Protocol):
    """An exchange's past (``mcp_servers.market.sources.history``)."""

    @property
    def exchange(self) -> str:
        """Its name."""
        ...

    async def now_ms(self) -> int:
        """The time up to which its bars are closed."""
        ...

    async def candles(self, series: Series) -> Feed[Candles]:
        """The candles of a series. Raises BadSymbol, BadTimeframe or DataUnavailable."""
        ...

    async def funding(self, series: FundingSeries) -> Feed[FundingRates]:
        """The funding rates of a perpetual. Raises BadSymbol or DataUnavailable."""
        ...


Watch = Callable[[Series | FundingSeries, int, int], None]
"""Told of a series the milliseconds passed so far and in all."""


@dataclass(slots=True)
class Syncing:
    """A sync while it runs. ``result`` is right at any time, also after a cancellation."""

    history: History
    store: CandleStore
    request: SyncRequest
    clock: Clock
    watch: Watch = lambda series, done, of: None
    _done: list[SeriesDone] = field(default_factory=list)

    async def run(self) -> SyncResult:
        """Every symbol in turn; what goes wrong with one does not stop the others.

        Raises DataUnavailable when the exchange does not even tell the time.
        """
        now_ms = await self.history.now_ms()
        for asked, series in self._wanted():
            await self._one(asked, series, now_ms)
        return self.result

    @property
    def result(self) -> SyncResult:
        """What has been done so far; a series that was not begun is one that failed."""
        begun = {one.series for one in self._done}
        left = [
            SeriesDone(asked, series, error=STOPPED)
            for asked, series in self._wanted()
            if series not in begun
        ]
        done = (*self._done, *left)
        if not any(one.error for one in done):
            return SyncResult("completed", done)
        some = any(not one.error or one.filled.merge.added for one in done)
        return SyncResult("partial" if some else "failed", done)

    def failed(self, error: OpenOutcryError) -> SyncResult:
        """The result when nothing could be begun."""
        return SyncResult("failed", tuple(SeriesDone(*one, error=str(error)) for one in self._wanted()))

    def _wanted(self) -> list[tuple[str, Series | FundingSeries]]:
        exchange, request = self.history.exchange, self.request
        wanted: list[tuple[str, Series | FundingSeries]] = [
            (symbol, Series(exchange, symbol, request.timeframe)) for symbol in request.symbols
        ]
        if request.funding:
            perps = {str(parse_symbol(symbol).perpetual()): symbol for symbol in reversed(request.symbols)}
            wanted += [(symbol, FundingSeries(exchange, perp)) for perp, symbol in reversed(perps.items())]
        return wanted

    async def _one(self, asked: str, series: Series | FundingSeries, now_ms: int) -> None:
        filling: Filling[Any] | None = None
        error, misasked = STOPPED, False
        try:
            feed = await self._feed(series)
            filling = Filling(
                feed,
                self.store,
                self._bounds(series, now_ms),
                clock=self.clock,
                replace=self.request.force_refresh,
                progress=lambda done, of: self.watch(series, done, of),
            )
            error = _trouble(self.history.exchange, series, await filling.run())
        except OpenOutcryError as failure:
            error, misasked = str(failure), isinstance(failure, BadInput)
        finally:
            filled = filling.so_far if filling else Filled()
            self._done.append(SeriesDone(asked, series, filled, error or None, misasked))

    async def _feed(self, series: Series | FundingSeries) -> Feed[Any]:
        if isinstance(series, Series):
            return await self.history.candles(series)
        return await self.history.funding(series)

    def _bounds(self, series: Series | FundingSeries, now_ms: int) -> Span:
        """The wanted times, of whole bars that are closed. Raises DataUnavailable when there are none."""
        grain, closed = series.bar_ms if isinstance(series, Series) else 1, now_ms - SETTLE_MS
        end = closed - closed % grain
        if self.request.end is not None:
            end = min(_up(millis(self.request.end), grain), end)
        start = self._first(series, end) if self.request.start is None else millis(self.request.start)
        start = _up(start, grain)
        if start >= end:
            raise DataUnavailable(f"no bar of {series} is closed in that time")
        return Span(start, end)

    def _first(self, series: Series | FundingSeries, end_ms: int) -> int:
        try:
            return min(millis(self.store.coverage(series).first), end_ms)
        except DataUnavailable:
            return end_ms - FIRST_TIME_MS


def _up(at_ms: int, grain_ms: int) -> int:
    return at_ms + -at_ms % grain_ms


def _trouble(exchange: str, series: Series | FundingSeries, filled: Filled) -> str:
    """What of a finished series must be told as an error; nothing when all is well."""
    if filled.unanswered:
        silent = ", ".join(times(span) for span in filled.unanswered[:3])
        return f"{exchange} gave nothing of {series}, nor anything from around it, for {silent}"
    if filled.refused:
        first = filled.refused[0]
        at = f"{from_millis(first.at_ms):%Y-%m-%d %H:%M}"
        return f"{len(filled.refused)} bad rows were refused, the first of {at}: {first.reason}"
    return ""
