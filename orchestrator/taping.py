"""The times and numbers that a run takes from outside, written down or given again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from typing import Protocol

from openoutcry.errors import ReplayDiverged
from wire.cassette import Recorder, Reel


class RunTape(Protocol):
    """Stands between a run and its clock."""

    async def reading(self, read: Callable[[], Awaitable[datetime]]) -> datetime:
        """The time now."""
        ...

    def ticks(self, ticks: AsyncIterator[datetime], stop: Callable[[], None]) -> AsyncIterator[datetime]:
        """When rounds happen. ``stop`` ends a run that was stopped there."""
        ...

    async def number(self, count: Callable[[], Awaitable[int]]) -> int:
        """How many sessions there were: ids derive from it."""
        ...

    def end(self, *, closed: bool, heads: Mapping[str, str]) -> None:
        """The run is over. ``heads``: each symbol's last hash; ``closed``: it came to its own end."""
        ...


class RunRecording:
    """Writes all of it down."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    async def reading(self, read: Callable[[], Awaitable[datetime]]) -> datetime:
        """See RunTape."""
        at = await read()
        self._recorder.write("clock", what="now", at=at.isoformat())
        return at

    async def ticks(
        self, ticks: AsyncIterator[datetime], stop: Callable[[], None]
    ) -> AsyncIterator[datetime]:
        """See RunTape."""
        async for at in ticks:
            self._recorder.write("clock", what="tick", at=at.isoformat())
            yield at

    async def number(self, count: Callable[[], Awaitable[int]]) -> int:
        """See RunTape."""
        value = await count()
        self._recorder.write("id", name="sessions", value=value)
        return value

    def end(self, *, closed: bool, heads: Mapping[str, str]) -> None:
        """See RunTape."""
        self._recorder.write("end", closed=closed, heads=dict(heads))


class RunPlaying:
    """Gives it again, in order."""

    def __init__(self, reel: Reel) -> None:
        self._reel = reel
        self._now = [entry["at"] for entry in reel.clock if entry["what"] == "now"]
        self._ticks = [entry["at"] for entry in reel.clock if entry["what"] == "tick"]
        self.heads: dict[str, str] = {}

    async def reading(self, read: Callable[[], Awaitable[datetime]]) -> datetime:
        """See RunTape. Raises ReplayDiverged when the clock was not read so often."""
        if not self._now:
            raise ReplayDiverged("clock: read more often than in the recording")
        return datetime.fromisoformat(self._now.pop(0))

    async def ticks(
        self, ticks: AsyncIterator[datetime], stop: Callable[[], None]
    ) -> AsyncIterator[datetime]:
        """See RunTape."""
        for at in self._ticks:
            yield datetime.fromisoformat(at)
        if not self._reel.end["closed"]:
            stop()
            await asyncio.Event().wait()

    async def number(self, count: Callable[[], Awaitable[int]]) -> int:
        """See RunTape. Raises ReplayDiverged when there are more sessions now."""
        if not self._reel.ids:
            raise ReplayDiverged("id: more sessions than in the recording")
        return int(self._reel.ids.popleft())

    def end(self, *, closed: bool, heads: Mapping[str, str]) -> None:
        """See RunTape."""
        self.heads = dict(heads)
