"""The live stream's source: the table ``events``, woken by NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import asyncpg

from db import feed
from db.listening import Listening
from db.tenancy import within

LOOK_EVERY_S = 5.0


class TableEvents:
    """Implements ``EventLog`` for the hub."""

    def __init__(self, pool: asyncpg.Pool, listening: Listening) -> None:
        self._pool = pool
        self._listening = listening

    async def head(self, org_id: UUID) -> int:
        """Number of the newest event."""
        with within(org_id):
            return await feed.head(self._pool, org_id)

    async def after(self, org_id: UUID, seq: int, limit: int) -> Sequence[feed.Stored]:
        """Events with a number above ``seq``, in order."""
        with within(org_id):
            return await feed.after(self._pool, org_id, seq, limit)

    async def woken(self) -> AsyncIterator[None]:
        """Yields on every notification and every few seconds; raises TimeoutError while nobody listens."""
        async with self._listening.on(feed.CHANNEL) as woken:
            while True:
                async with asyncio.timeout(LOOK_EVERY_S):
                    await self._listening.ready.wait()
                woken.clear()
                yield None
                try:
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await woken.wait()
                except TimeoutError:
                    continue
