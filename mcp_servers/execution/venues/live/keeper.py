"""Keeps an account caught up: looks over REST whenever a stream hints, breaks or is silent, and every few seconds anyway.

The stream makes it quick, the clock makes it sure: with no stream at all nothing is missed for longer than ``every_s``.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import aclosing

import structlog

from db.pool import UNANSWERED
from mcp_servers.execution.venues.live.user_stream import ends
from openoutcry.errors import OpenOutcryError
from wire.hints import Hint, Lost, Said

log = structlog.get_logger()
EVERY_S = 10.0
"""Between two looks without any hint."""
SETTLE_S = 0.05
"""Hints come in bursts; one look after the first of them sees the others too."""
AGAIN_S = 1.0
Stream = Callable[[], AsyncGenerator[Hint]]
Look = Callable[[], Awaitable[None]]


class Keeper:
    """``look`` reads over REST what is new and books it; it must do nothing the second time. ``looks`` counts them."""

    def __init__(self, streams: Sequence[Stream], look: Look, *, every_s: float = EVERY_S) -> None:
        self._streams, self._look, self._every_s = streams, look, every_s
        self._hinted = asyncio.Event()
        self.looks = self.failures = self.breaks = self.messages = 0

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as group:
            for stream in self._streams:
                group.create_task(self._listen(stream))
            group.create_task(self._looking())

    async def _listen(self, stream: Stream) -> None:
        while True:
            await self._heard(stream)
            self.breaks += 1
            self._hinted.set()
            await asyncio.sleep(AGAIN_S)

    async def _heard(self, stream: Stream) -> None:
        """Until the exchange says that this stream ends; a broken one opens itself again."""
        async with aclosing(stream()) as spoken:
            async for hint in spoken:
                self.messages += isinstance(hint, Said)
                if ends(hint):
                    log.info("user_stream_ends")
                    break
                if isinstance(hint, Lost):
                    self.breaks += 1
                    log.info("user_stream_lost", reason=hint.reason)
                self._hinted.set()

    async def _looking(self) -> None:
        while True:
            self._hinted.clear()
            try:
                await self._look()
                self.looks += 1
            except (OpenOutcryError, *UNANSWERED) as error:
                self.failures += (
                    1  # nor does a database that is away for long end the keeping: the next look books it
                )
                log.warning("account_not_read", error=f"{type(error).__name__}: {error}")
            try:
                async with asyncio.timeout(self._every_s):
                    await self._hinted.wait()
                await asyncio.sleep(SETTLE_S)
            except TimeoutError:
                continue
