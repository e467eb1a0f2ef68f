"""The last moment before a request's first byte: its connection is there, and nothing was written yet.

Opening a connection may take seconds. What let a request out is asked after that, so that nothing waits between the answer
and the byte. A process that is stopped in between sends what the exchange refuses once its signature is 5 s old.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aiohttp

from mcp_servers.execution.venues.protocol import Still

_still: ContextVar[Still | None] = ContextVar("still", default=None)


class CheckedRequest(aiohttp.ClientRequest):
    """A request that asks what was given by ``asked_first`` once it has its connection; a refusal closes that."""

    async def send(self, conn: Any) -> aiohttp.ClientResponse:
        """Write the request, unless what lets it out says no."""
        if (still := _still.get()) is not None:
            await still()
        return await super().send(conn)


@contextmanager
def asked_first(still: Still | None) -> Iterator[None]:
    """Requests of this task ask ``still`` before their first byte."""
    before = _still.set(still)
    try:
        yield
    finally:
        _still.reset(before)
