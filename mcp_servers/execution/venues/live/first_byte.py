"""The last moment before a request's first byte: its connection is there, and nothing was written yet.

Opening a connection may take seconds. What let a request out is asked after that, and how long ago it said yes is looked at
again as the bytes are handed over: a process that was stopped in between sends nothing. One that is stopped between that look
and the byte sends what the exchange refuses: its signature, made before it was asked, is older than the window it names.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from time import monotonic
from typing import Any

import aiohttp

from mcp_servers.execution.venues.protocol import Still

HELD_S = 0.5
"""How long after it was let out a request may still begin to leave."""
_still: ContextVar[Still | None] = ContextVar("still", default=None)


class Held(Exception):
    """The request was held up after it had been let out, and did not leave."""


class CheckedRequest(aiohttp.ClientRequest):
    """A request that asks what was given by ``asked_first`` once it has its connection; a refusal closes that."""

    _until: float | None = None

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Write the request, unless what lets it out says no."""
        if (still := _still.get()) is not None:
            await still()
            self._until = monotonic() + HELD_S
        return await super().send(conn)

    async def write_bytes(self, writer: Any, conn: Any, content_length: int | None = None) -> None:
        """Hand the bytes over: what has a body does so in a task of its own, a turn of the loop later. Raises Held there."""
        if self._until is not None and monotonic() >= self._until:
            held = Held(f"held up for more than {HELD_S} s after the last check")
            conn.protocol.set_exception(held)
            return
        await super().write_bytes(writer, conn, content_length)


@contextmanager
def asked_first(still: Still | None) -> Iterator[None]:
    """Requests of this task ask ``still`` before their first byte."""
    before = _still.set(still)
    try:
        yield
    finally:
        _still.reset(before)
