"""Following one job as it goes, for a WebSocket or a progress bar."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg

from db.jobs.reads import get
from db.jobs.rows import Job
from db.listening import Listening

CHANNEL = "jobs"


async def follow(pool: asyncpg.Pool, listening: Listening, org_id: UUID, job_id: UUID) -> AsyncIterator[Job]:
    """The job now, then after every change, up to its end. Nothing for an unknown job."""
    revision = -1
    async with listening.on(CHANNEL) as woken:
        while True:
            woken.clear()
            job = await get(pool, org_id, job_id)
            if job is None:
                return
            if job.revision != revision:
                revision = job.revision
                yield job
            if job.over:
                return
            await woken.wait()
