"""Waiting for a worker on behalf of a request: a while, and never in the way of other requests."""

import asyncio
from uuid import UUID

from api.floor import Floor
from db.jobs import follow, queue
from db.jobs.rows import Job


async def somebody_works(floor: Floor) -> bool:
    """Whether there is a worker that will take a job."""
    async with floor.doorman.pool.acquire() as connection:
        return bool(await queue.workers(connection))


async def ended(floor: Floor, org_id: UUID, job_id: UUID, within_s: float) -> Job:
    """The job at its end, or as it is when the time is up."""
    seen: Job | None = None
    try:
        async with asyncio.timeout(within_s):
            async for job in follow.follow(floor.pool, floor.listening, org_id, job_id):
                seen = job
    except TimeoutError:
        pass
    assert seen is not None, "a job that was just queued is there"
    return seen
