"""One connection's send buffer: bounded, and never in anybody else's way."""

import asyncio
from collections import deque
from dataclasses import dataclass

SEND_BUFFER = 256


@dataclass(frozen=True)
class Closing:
    """Why the server ends a connection."""

    code: int
    reason: str


POLICY = 1008
TRY_AGAIN_LATER = 1013
FELL_BEHIND = Closing(TRY_AGAIN_LATER, "fell behind; resume with last_seq")
GOING_AWAY = Closing(1001, "server is stopping")


class Subscriber:
    """Frames waiting for one client. ``cursor`` is the number of the last event put into the buffer."""

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._waiting: deque[str] = deque()
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Frames not handed to the socket yet."""
        return len(self._waiting)

    def offer(self, seq: int, text: str) -> None:
        """Queue an event unless this client has it already."""
        if seq > self.cursor:
            self.cursor = seq
            self.put(text)

    def put(self, text: str) -> None:
        """Queue a frame; a client whose buffer is full is told to come back."""
        if self._closing.done():
            return
        if len(self._waiting) >= SEND_BUFFER:
            self.close(FELL_BEHIND)
            return
        self._waiting.append(text)
        self._wake.set()

    def close(self, closing: Closing) -> None:
        """End the connection; what still waits is dropped, a resuming client reads it from the table."""
        if not self._closing.done():
            self._closing.set_result(closing)
            self._waiting.clear()

    async def closed(self) -> Closing:
        """Why the connection is to be closed, once it is."""
        return await asyncio.shield(self._closing)

    async def next(self) -> str:
        """The next frame."""
        while not self._waiting:
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft()
