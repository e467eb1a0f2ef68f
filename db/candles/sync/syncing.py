"""Bringing several symbols of one exchange up to date, one series after another."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore
from db.candles.sync.feed import SETTLE_MS, Feed, History
from db.candles.sync.filling import Filled, Filling
from db.candles.sync.repairing import Repaired, repair
from db.candles.sync.request import SyncRequest
from db.candles.sync.result import SeriesDone, SyncResult, times
from db.candles.verifying import verify
from openoutcry.errors import BadInput, DataUnavailable, OpenOutcryError
from openoutcry.market.spans import Span
from openoutcry.ports import Clock
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis, millis

FIRST_TIME_MS = 365 * 86_400_000
"""How far back a series goes that was never stored, when nobody says."""
STOPPED = "stopped before its end; the same sync goes on from there"


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
        """Every symbol in turn; what goes wrong with one does not stop the others."""
        try:
            now_ms = await self.history.now_ms()
        except DataUnavailable as error:
            return SyncResult("failed", tuple(SeriesDone(*one, error=str(error)) for one in self._wanted()))
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
        repaired: list[Repaired] = []
        error, misasked = STOPPED, False
        try:
            feed = await self._feed(series)
            repaired = await self._repaired(series)
            error = _damage(repaired)
            if not error:
                filling = self._filling(feed, series, now_ms)
                error = STOPPED
                error = _trouble(self.history.exchange, series, await filling.run())
        except OpenOutcryError as failure:
            error, misasked = str(failure), isinstance(failure, BadInput)
        finally:
            filled = filling.so_far if filling else Filled()
            self._done.append(SeriesDone(asked, series, filled, tuple(repaired), error or None, misasked))

    def _filling(self, feed: Feed[Any], series: Series | FundingSeries, now_ms: int) -> Filling[Any]:
        return Filling(
            feed,
            self.store,
            self._bounds(series, now_ms),
            clock=self.clock,
            replace=self.request.force_refresh,
            progress=lambda done, of: self.watch(series, done, of),
        )

    async def _repaired(self, series: Series | FundingSeries) -> list[Repaired]:
        """Damaged files of the series, exchanged before anything is added to them."""
        found = await asyncio.to_thread(verify, self.store, [series], now=self.clock.now())
        return [await repair(self.store, one, self.history, self.clock) for one in found.damaged]

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


def _damage(repaired: Sequence[Repaired]) -> str:
    """What could not be repaired; nothing when all is well."""
    for one in repaired:
        if one.error:
            return f"{one.damage.path} is damaged and could not be fetched again: {one.error}"
    return ""


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
