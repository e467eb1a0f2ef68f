"""One connection's send buffer: 256 frames or a megabyte, and never in anybody else's way."""

import asyncio
from collections import deque
from collections.abc import Callable

from api.ws.closing import FELL_BEHIND, Closing
from api.ws.subscription import EVERYTHING
from api.ws.told import Told

SEND_BUFFER = 256
SEND_BYTES = 1_000_000


class Subscriber:
    """Frames waiting for one client. ``cursor`` is the number of the last event that was this client's to hear or not."""

    def __init__(self, cursor: int = 0) -> None:
        self.cursor = cursor
        self.subscription = EVERYTHING
        self.write_now: Callable[[bytes], bool] | None = None
        """Writes a frame past the buffer, if that can be done at once; None where frames do not go out as they are."""
        self._idle = False
        self._closing: asyncio.Future[Closing] = asyncio.get_running_loop().create_future()
        self._waiting: deque[str] = deque()
        self._size = 0
        self._wake = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Frames not handed to the socket yet."""
        return len(self._waiting)

    @property
    def crowded(self) -> bool:
        """True when a third of the buffer is used up."""
        return len(self._waiting) > SEND_BUFFER // 3 or self._size > SEND_BYTES // 3

    def offer(self, event: Told) -> None:
        """Queue an event unless this client has it already, or does not want it."""
        if event.seq > self.cursor:
            self.cursor = event.seq
            if self.subscription.admits(event) and not self._written(event):
                self.put(event.text)

    def _written(self, event: Told) -> bool:
        """True when it went straight to the socket: only while nothing waits or is being sent."""
        at_once = self._idle and not self._waiting and not self._closing.done()
        return at_once and self.write_now is not None and self.write_now(event.wire)

    def put(self, text: str) -> None:
        """Queue a frame; a client whose buffer is full is told to come back."""
        if self._closing.done():
            return
        full = len(self._waiting) >= SEND_BUFFER or self._size + size_of(text) > SEND_BYTES
        if full and self._waiting:
            self.close(FELL_BEHIND)
            return
        self._waiting.append(text)
        self._size += size_of(text)
        self._wake.set()

    def close(self, closing: Closing) -> None:
        """End the connection; what still waits is dropped, a resuming client reads it from the table."""
        if not self._closing.done():
            self._closing.set_result(closing)
            self._waiting.clear()
            self._size = 0

    async def closed(self) -> Closing:
        """Why the connection is to be closed, once it is."""
        return await asyncio.shield(self._closing)

    async def next(self) -> str:
        """The next frame."""
        while not self._waiting:
            self._idle = True
            self._wake.clear()
            await self._wake.wait()
        self._idle = False
        text = self._waiting.popleft()
        self._size -= size_of(text)
        return text


def size_of(text: str) -> int:
    """Bytes of a frame on the wire."""
    return len(text) if text.isascii() else len(text.encode())
