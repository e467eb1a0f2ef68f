"""Entries in procrastinate's queue, written in the transaction of the job they are for."""

from uuid import UUID

from db.pool import Connection

SCHEMA = "queue"
TASK = "job"
"""The one task of the queue. Its arguments say which attempt of which job may start."""
ENQUEUE = "UPDATE jobs SET queue_id = job_enqueue($1, $2, $3) WHERE id = $1"
WITHDRAW = "SELECT job_withdraw($1)"
DROP = """
SELECT queue.procrastinate_finish_job_v1(id, 'failed', true)
FROM queue.procrastinate_jobs WHERE id = $1 AND status = 'doing'
"""
WORKERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1
"""
LISTENER = "open-outcry-worker"
"""Application name of a worker's connections to the queue."""


async def enqueue(connection: Connection, job_id: UUID, attempt: int, queue: str) -> None:
    """Let the next free worker of ``queue`` have this attempt."""
    await connection.execute(ENQUEUE, job_id, attempt, queue)


async def withdraw(connection: Connection, queue_id: int | None) -> None:
    """Take back an entry that no worker has taken yet."""
    if queue_id is not None:
        await connection.fetchval(WITHDRAW, queue_id)


async def drop(connection: Connection, queue_id: int | None) -> None:
    """Remove an entry whose worker is gone."""
    if queue_id is not None:
        await connection.fetch(DROP, queue_id)


async def workers(connection: Connection) -> int:
    """How many connections workers have to the queue; none means that nobody will take a job."""
    found: int = await connection.fetchval(WORKERS, LISTENER)
    return found
