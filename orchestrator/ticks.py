"""When rounds happen: at each bar's close, on the market's own clock."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from time import monotonic

from openoutcry.types.timeframes import bar_length, last_close
from wire.clock import WallClock

LIVE_GRACE = timedelta(seconds=2)
"""A venue's last bar is rarely final at the very second it closes."""


class ReplayClock:
    """Market time that starts at ``start`` and runs ``speed`` times as fast as the wall; 0 never waits."""

    def __init__(self, start: datetime, speed: float) -> None:
        self._start = start
        self._speed = speed
        self._began = monotonic()
        self._reached = start

    def now(self) -> datetime:
        """Current market time."""
        if self._speed == 0:
            return self._reached
        return self._start + timedelta(seconds=(monotonic() - self._began) * self._speed)

    async def sleep_until(self, at: datetime) -> None:
        """Wait until market time ``at``; at speed 0 market time jumps there."""
        self._reached = max(self._reached, at)
        while self._speed and (wait := (at - self.now()).total_seconds() / self._speed) > 0:  # noqa: ASYNC110 - time is what is waited for
            await asyncio.sleep(min(wait, 1.0))


def first_tick(after: datetime, timeframe: str) -> datetime:
    """The first bar close later than ``after``."""
    return last_close(after, timeframe) + bar_length(timeframe)


async def replay_ticks(
    start: datetime, end: datetime | None, timeframe: str, speed: float
) -> AsyncIterator[datetime]:
    """Every bar close after ``start`` up to and including the close of the bar that holds ``end``."""
    clock = ReplayClock(start, speed)
    step = bar_length(timeframe)
    tick = first_tick(start, timeframe)
    last = None if end is None else last_close(end - timedelta(microseconds=1), timeframe) + step
    while last is None or tick <= last:
        await clock.sleep_until(tick)
        yield tick
        tick += step


async def live_ticks(timeframe: str, after: datetime | None = None) -> AsyncIterator[datetime]:
    """The close that has just been, at once, then every close as it comes. Closes slept through are skipped."""
    clock = WallClock()
    tick = last_close(clock.now(), timeframe)
    if after is not None and tick <= after:
        tick = first_tick(after, timeframe)
    while True:
        await clock.sleep_until(tick + LIVE_GRACE)
        yield tick
        tick = max(tick + bar_length(timeframe), last_close(clock.now() - LIVE_GRACE, timeframe))
