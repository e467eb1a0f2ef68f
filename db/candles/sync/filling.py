"""Filling the holes of one series from an exchange that is not believed: not its page size, its order or its silence.

First every hole is walked over from its start, page by page, going on after the last row that came. What is missing
then is asked for a second time, within bounds. What is missing still, although the exchange gave rows from beyond
it, the exchange does not have; that is remembered and not asked for again.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic

import numpy as np
from numpy.typing import NDArray

from db.candles.merging import Change, MergeReport
from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore
from db.candles.sync.collecting import Collector
from db.candles.sync.feed import Feed, R
from openoutcry.market.candles import Stamps
from openoutcry.market.pages import Refused
from openoutcry.market.spans import Span, minus, total, within
from openoutcry.ports import Clock

FEWEST = 50
"""Rows any exchange gives at once, as far as is known before it has given some."""
Progress = Callable[[int, int], None]
"""Told the milliseconds of the holes passed so far, and in all."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What was done: ``merge`` into the store, rows refused, changes seen, stretches found not to exist, and those
    about which the exchange gave no answer that could be believed."""

    merge: MergeReport = field(default_factory=MergeReport)
    changes: tuple[Change, ...] = ()
    refused: tuple[Refused, ...] = ()
    absent: tuple[Span, ...] = ()
    unanswered: tuple[Span, ...] = ()


@dataclass(slots=True)
class _Walked:
    """Over one hole: rows that came into it, whether others came from next to it or from beyond, and where nothing at
    all came (from, questions asked)."""

    new: int = 0
    beside: bool = False
    beyond: bool = False
    silence: list[tuple[int, int | None, int]] = field(default_factory=list)


class Filling(Generic[R]):
    """One series, filled inside ``wanted``. ``so_far`` is right at any time, also after an error or a cancellation."""

    def __init__(
        self,
        feed: Feed[R],
        store: CandleStore,
        wanted: Span,
        *,
        clock: Clock,
        replace: bool = False,
        progress: Progress = lambda done, of: None,
    ) -> None:
        self._feed: Feed[R] = feed
        self._series: Series | FundingSeries = feed.series
        self._store, self._wanted, self._clock = store, wanted, clock
        self._replace, self._progress = replace, progress
        self._rows: Collector[R] = Collector(store, feed.series, replace=replace)
        self._refused: dict[int, Refused] = {}
        self._absent: list[Span] = []
        self._unanswered: list[Span] = []
        self._most_given = 0
        self._passed = self._of = 0

    @property
    def so_far(self) -> Filled:
        """What has been done."""
        refused = tuple(self._refused[at] for at in sorted(self._refused))
        return Filled(
            self._rows.report, self._rows.changes, refused, tuple(self._absent), tuple(self._unanswered)
        )

    async def run(self) -> Filled:
        """Fetch what is missing, or everything with ``replace``; stored rows survive whatever happens.

        Raises DataUnavailable, CandleFileBroken, StoreBusy or StoreFailed.
        """
        if self._replace:
            self._store.forget_absent(self._series, self._wanted)
        holes = [self._wanted] if self._replace else await self._holes()
        self._of = total(holes)
        try:
            for hole in holes:
                await self._walk(hole, bounded=False)
            await self._rows.flush()
            await self._settle()
        finally:
            await self._rows.flush()
            self._store.remember_absent(self._series, self._absent, self._clock.now())
        return self.so_far

    async def _settle(self) -> None:
        """Ask again for what is missing until nothing new comes of it."""
        settled: list[Span] = []
        while holes := minus(await self._holes(), settled):
            for hole in holes:
                walked = await self._walk(hole, bounded=self._feed.takes_until)
                if not walked.new and (walked.beyond or await self._speaks_beyond(hole)):
                    walked.beyond = True
                    walked.new = await self._break_silence(hole, walked)
                if not walked.new:
                    settled.append(hole)
                    self._conclude(hole, walked)
            await self._rows.flush()
        missing = await self._holes()
        self._refused = {
            at: one
            for at, one in self._refused.items()
            if within(missing, Span(at, at + self._feed.grain_ms))
        }

    async def _speaks_beyond(self, hole: Span) -> bool:
        """Whether the exchange has any row after a hole that does not reach to the end of what is wanted.

        Where its outage is longer than the hole (the rows after it came from elsewhere), it has none just after it.
        """
        if hole.end >= self._wanted.end:
            return False
        page = await self._feed.ask(hole.end, None, self._feed.page_rows)
        await self._take(page.rows)
        if (page.rows.timestamp >= hole.end).any():
            return True
        return (await self._feed.next_day(hole.end, self._wanted.end) or hole.end) > hole.end

    async def _break_silence(self, hole: Span, walked: _Walked) -> int:
        """Once more what got an empty answer, now that the exchange is known to speak; the rows that come of it."""
        found = 0
        for question in walked.silence:
            page = await self._feed.ask(*question)
            await self._take(page.rows)
            found += int(np.count_nonzero(_inside(page.rows.timestamp, hole.start, hole.end)))
        return found

    def _conclude(self, hole: Span, walked: _Walked) -> None:
        """No row came into the hole, though it was asked for again: what does that mean?"""
        silent = minus([hole], [Span(at, at + self._feed.grain_ms) for at in self._refused])
        if walked.beyond:
            self._absent += silent
        elif not walked.beside:
            self._unanswered += silent

    async def _holes(self) -> list[Span]:
        missing = await asyncio.to_thread(self._store.holes, self._series, self._wanted)
        holes = minus(missing, [*self._store.absent(self._series), *self._absent])
        # Rows that come less often than every grain leave stretches that are no holes, but for the newest.
        return [hole for hole in holes if hole.length >= self._feed.step_ms or hole.end == self._wanted.end]

    async def _walk(self, hole: Span, *, bounded: bool) -> _Walked:
        step, walked, at = self._feed.step_ms, _Walked(), hole.start
        while at < hole.end:
            # one row before shows whether the exchange speaks of this time at all, and whether that row has changed
            since, rows = at - step, max(min(self._feed.page_rows, (hole.end - at) // step + 2), 3)
            until = min(at + (rows - 2) * step, hole.end) + step - 1 if bounded else None
            question = since, until, rows
            page = await self._feed.ask(*question)
            stamps = page.rows.timestamp
            self._most_given = max(self._most_given, page.given)
            walked.beside |= bool(_inside(stamps, hole.start - step, hole.start).any())
            walked.beyond |= bool((stamps >= hole.end).any())
            await self._take(page.rows)
            self._note_refused(page.refused)
            inside = stamps[_inside(stamps, at, hole.end)]
            if len(inside):
                walked.new += len(inside)
                at = self._pass(at, int(inside[-1]) + self._feed.grain_ms)
            elif (stamps >= hole.end).any():
                break
            else:
                if not page.given:
                    walked.silence.append(question)
                at = self._pass(at, await self._skip(at, hole, walked, rows))
        self._pass(at, hole.end)
        return walked

    async def _skip(self, at: int, hole: Span, walked: _Walked, asked: int) -> int:
        """Where to go on when nothing came from ``at`` on, of the rows that were asked for."""
        stride = (min(max(self._most_given, FEWEST), asked) - 1) * self._feed.step_ms
        if hole.end - at <= stride:
            return hole.end
        day = await self._feed.next_day(at, hole.end)
        if day is None:
            return hole.end
        walked.beyond |= day >= hole.end
        return min(day, hole.end) if day > at else at + stride

    async def _take(self, rows: R) -> None:
        lo, hi = rows.timestamp.searchsorted([self._wanted.start, self._wanted.end])
        if hi > lo:
            for at in np.intersect1d(rows.timestamp[lo:hi], list(self._refused)):
                del self._refused[int(at)]
            await self._rows.take(rows[lo:hi])

    def _note_refused(self, refused: tuple[Refused, ...]) -> None:
        known = {one.at_ms: one for one in refused if self._wanted.start <= one.at_ms < self._wanted.end}
        self._refused |= known

    def _pass(self, at: int, to: int) -> int:
        self._passed = min(self._passed + to - at, self._of)
        self._progress(self._passed, self._of)
        return to


def _inside(stamps: Stamps, start: int, end: int) -> NDArray[np.bool_]:
    return (stamps >= start) & (stamps < end)
