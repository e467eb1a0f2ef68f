"""Finding jobs that lost their worker. Every worker looks; whoever is first puts them right."""

import asyncio
from time import monotonic

import asyncpg
import structlog

from db.jobs.recovering import Sign, signs, stalled
from db.pool import UNANSWERED

log = structlog.get_logger()


class Rescue:
    """Gives up an attempt whose sign of life stood still for ``stalled_s`` while this worker was watching.

    No two clocks are compared, and a time in which nobody could write a sign (the database was away) does not count.
    """

    def __init__(self, pool: asyncpg.Pool, stalled_s: float) -> None:
        self._pool = pool
        self._stalled_s = stalled_s
        self._every_s = min(5.0, stalled_s / 4)
        self._since: dict[Sign, float] = {}
        self._looked = monotonic()

    async def keep(self) -> None:
        """Look, for ever."""
        while True:
            try:
                await self.look()
            except UNANSWERED as error:
                log.warning("no_look_for_stalled_jobs", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(self._every_s)

    async def look(self) -> None:
        """Compare the signs with those seen before."""
        found = await signs(self._pool)
        now = monotonic()
        if now - self._looked > 2 * self._every_s + 1.0:
            self._since.clear()
        self._looked = now
        self._since = {sign: self._since.get(sign, now) for sign in found}
        for sign, since in self._since.items():
            if now - since >= self._stalled_s:
                done = await stalled(self._pool, sign, self._stalled_s)
                log.warning("job_stalled", job=str(sign.ticket.job_id), done=done)
