"""``/ws/backtests/{job_id}``: one job as it goes, up to its end."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
from litestar import WebSocket

from api.encoding import encode
from api.identity import KeyRing
from api.shapes.backtests import progress, summary
from api.ws.hub import Hub
from api.ws.socket import Conversation, Door, Ended, Turnstile
from api.ws.subscriber import POLICY, Closing, Subscriber
from db.identity.holder import Holder
from db.jobs import follow
from db.jobs.rows import Job
from db.listening import Listening

MOST_A_JOB = 10
OVER = Closing(1000, "the job is over")
UNKNOWN = Closing(POLICY, "backtest job not found")
TOO_MANY_HERE = Closing(POLICY, "connection limit for this job exceeded")
NOT_ALLOWED = Closing(POLICY, "permission denied")
WATCHED: Counter[UUID] = Counter()
"""How many connections of this process watch each job."""


class Watching(Conversation):
    """Sends a frame for every change of the job, and closes with 1000 after the last."""

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        hub: Hub,
        keys: KeyRing,
        door: Door,
        turnstile: Turnstile,
        pool: asyncpg.Pool,
        listening: Listening,
        job_id: UUID,
    ) -> None:
        super().__init__(socket, hub, keys, door, turnstile)
        self._pool = pool
        self._listening = listening
        self.job_id: UUID = job_id

    async def _converse(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        if "strategy:read" not in identity.permissions:
            raise Ended(NOT_ALLOWED)
        if WATCHED[self.job_id] >= MOST_A_JOB:
            raise Ended(TOO_MANY_HERE)
        WATCHED[self.job_id] += 1
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(subscriber))
                tasks.create_task(self._recheck(identity))
                tasks.create_task(self._tell(identity))
        finally:
            WATCHED[self.job_id] -= 1
            if WATCHED[self.job_id] <= 0:
                del WATCHED[self.job_id]

    async def _tell(self, identity: Holder) -> None:
        seen = False
        async for job in follow.follow(self._pool, self._listening, identity.org_id, self.job_id):
            seen = True
            await self._send(encode(told(job)).decode())
        raise Ended(OVER if seen else UNKNOWN)


def told(job: Job) -> dict[str, Any]:
    """A job's frame: how far it is, or what came of it."""
    frame: dict[str, Any] = {
        "job_id": job.id,
        "status": job.status,
        "progress": progress(job),
        "message": job.message,
    }
    if job.status == "COMPLETED":
        frame["result"] = summary(job)
    if job.error is not None:
        frame["error"] = job.error
    return frame
