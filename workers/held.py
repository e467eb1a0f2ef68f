"""The jobs a worker holds: a sign of life every second, and word to those that are no longer its own."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
import structlog

from db.jobs.states import Ticket
from db.jobs.working import beat
from db.pool import UNANSWERED

log = structlog.get_logger()
BEAT_S = 1.0
"""A cancelled job is noticed within this."""


class Held:
    """Tickets in hand. ``dropped`` of each is set once the job was cancelled or given to another worker."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self._held: dict[Ticket, asyncio.Event] = {}

    @contextmanager
    def hold(self, ticket: Ticket) -> Iterator[asyncio.Event]:
        """Give signs of life for it meanwhile; yields its ``dropped``."""
        dropped = self._held[ticket] = asyncio.Event()
        try:
            yield dropped
        finally:
            del self._held[ticket]

    async def keep(self) -> None:
        """Give the signs, for ever. A database that is away is waited for: nobody else can take the jobs then."""
        while True:
            await asyncio.sleep(BEAT_S)
            asked = dict(self._held)
            if not asked:
                continue
            try:
                ours = await beat(self._pool, asked)
            except UNANSWERED as error:
                log.warning("no_heartbeat", error=f"{type(error).__name__}: {error}")
                continue
            for ticket, dropped in asked.items():
                if ticket.job_id not in ours:
                    dropped.set()
