"""The hub reads new events once and hands them to every client of their org."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import structlog

from api.failures import DATABASE_ERRORS
from api.ws.closing import GOING_AWAY
from api.ws.envelope import frame
from api.ws.subscriber import SEND_BYTES, Subscriber, size_of
from api.ws.told import Event, Told, tell
from wire.clock import WallClock

log = structlog.get_logger()
PAGE = 500
BREATH = 64
BREATH_BYTES = SEND_BYTES // 8
PAUSE_S = 0.005
PATIENCE = 10
RETRY_S = 1.0


class EventLog(Protocol):
    """Where events come from."""

    async def head(self, org_id: UUID) -> int:
        """Number of the newest event."""
        ...

    async def after(self, org_id: UUID, seq: int, limit: int) -> Sequence[Event]:
        """Events with a number above ``seq``, in order."""
        ...

    def woken(self) -> AsyncIterator[None]:
        """Yields when there may be new events, and after every reconnection."""
        ...


class Stream:
    """One org's events and the clients that follow them live."""

    def __init__(self, org_id: UUID, events: EventLog, head: int) -> None:
        self.org_id = org_id
        self.head = head
        self.subscribers: set[Subscriber] = set()
        self._events = events
        self._advancing = asyncio.Lock()

    async def advance(self) -> None:
        """Hand on everything that is new."""
        async with self._advancing:
            if not self.subscribers:
                newest = await self._events.head(self.org_id)
                if not self.subscribers:  # still nobody: what came meanwhile need not be read
                    self.head = max(self.head, newest)
                    return
            while rows := await self._events.after(self.org_id, self.head, PAGE):
                await self._hand_on(rows)
                if len(rows) < PAGE:
                    return

    async def _hand_on(self, rows: Sequence[Event]) -> None:
        number = size = 0
        for row in rows:
            event = tell(row)
            self.head = row.seq
            for subscriber in self.subscribers:
                subscriber.offer(event)
            number, size = number + 1, size + size_of(event.text)
            if number >= BREATH or size >= BREATH_BYTES:
                number = size = 0
                await self._breathe()

    async def _breathe(self) -> None:
        """Let the writers run: a burst must not fill the buffers of clients that read.

        One that does not read costs the others this pause a few times, then its buffer is full and it is out.
        """
        for _ in range(PATIENCE):
            await asyncio.sleep(0)
            if not any(subscriber.crowded for subscriber in self.subscribers):
                return
            await asyncio.sleep(PAUSE_S)

    async def missed(self, seq: int) -> AsyncIterator[Told]:
        """Events after ``seq`` that are still kept, until this stream's live head is reached."""
        while seq < self.head:
            rows = await self._events.after(self.org_id, seq, PAGE)
            if not rows:
                return
            for row in rows:
                seq = row.seq
                yield tell(row)


class Hub:
    """All streams of this process."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._streams: dict[UUID, Stream] = {}
        self._opening = asyncio.Lock()
        self.stopping = False
        self.connected = False
        self.last_wake: datetime | None = None

    @property
    def clients(self) -> int:
        """Authenticated connections right now."""
        return sum(len(stream.subscribers) for stream in self._streams.values())

    async def stream(self, org_id: UUID) -> Stream:
        """The org's stream, opened at the newest event when this is its first client."""
        async with self._opening:
            if org_id not in self._streams:
                self._streams[org_id] = Stream(org_id, self._events, await self._events.head(org_id))
            return self._streams[org_id]

    async def run(self) -> None:
        """Follow the database until cancelled; outages are waited out, nothing is skipped."""
        while True:
            try:
                async for _ in self._events.woken():
                    self.connected, self.last_wake = True, WallClock().now()
                    for stream in list(self._streams.values()):
                        await stream.advance()
            except DATABASE_ERRORS as error:
                log.warning("event_feed_lost", error=repr(error))
            if self.connected:
                self._say_all(
                    "error", {"error": "event feed lost", "details": "reconnecting", "severity": "high"}
                )
            self.connected = False
            await asyncio.sleep(RETRY_S)

    def _say_all(self, kind: str, data: dict[str, Any]) -> None:
        for stream in self._streams.values():
            text = frame(kind, WallClock().now(), data, stream.head)
            for subscriber in stream.subscribers:
                subscriber.put(text)

    def stop(self) -> None:
        """Tell every client that the server goes away."""
        self.stopping = True
        for stream in self._streams.values():
            for subscriber in stream.subscribers:
                subscriber.close(GOING_AWAY)
