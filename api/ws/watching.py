"""``/ws/backtests/{job_id}``: one job as it goes, up to its end."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
from litestar import WebSocket

from api.encoding import encode
from api.shapes.backtests import progress, summary
from api.ws.closing import NOT_ALLOWED, POLICY, Closing, Ended
from api.ws.premises import Premises
from api.ws.socket import Conversation
from api.ws.subscriber import Subscriber
from api.ws.subscription import Part
from db.identity.holder import Holder
from db.jobs import follow
from db.jobs.rows import Job
from db.listening import Listening

OVER = Closing(1000, "the job is over")
UNKNOWN = Closing(POLICY, "backtest job not found")


class Watching(Conversation):
    """Sends a frame for every change of the job, and closes with 1000 after the last."""

    choices: tuple[Part, ...] = ()

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        premises: Premises,
        pool: asyncpg.Pool,
        listening: Listening,
        job_id: UUID,
    ) -> None:
        super().__init__(socket, premises)
        self._pool = pool
        self._listening = listening
        self.job_id: UUID = job_id

    def _permit(self, identity: Holder) -> None:
        if "strategy:read" not in identity.permissions:
            raise Ended(NOT_ALLOWED)

    async def _converse(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        async with self._premises.turnstile.of_job(self.job_id), asyncio.TaskGroup() as tasks:
            tasks.create_task(self._read(subscriber))
            tasks.create_task(self._pass_on(subscriber))
            tasks.create_task(self._end(subscriber))
            tasks.create_task(self._recheck(identity))
            tasks.create_task(self._tell(identity, subscriber, last_seq))

    async def _tell(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        job: Job | None = None
        async for job in follow.follow(self._pool, self._listening, identity.org_id, self.job_id):
            subscriber.cursor = job.revision
            if last_seq is None or job.revision > last_seq:
                await self._send(encode(told(job)).decode())
        raise Ended(OVER if job is not None else UNKNOWN)


def told(job: Job) -> dict[str, Any]:
    """A job's frame: how far it is, or what came of it."""
    frame: dict[str, Any] = {
        "job_id": job.id,
        "status": job.status,
        "progress": progress(job),
        "message": job.message,
        "seq": job.revision,
    }
    if job.status == "COMPLETED":
        frame["result"] = summary(job)
    if job.error is not None:
        frame["error"] = job.error
    return frame
