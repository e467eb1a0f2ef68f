"""Jobs that lost their worker: found by signs of life that stand still, then tried again or failed with a reason."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import asyncpg

from db.jobs.ending import fail_in
from db.jobs.queue import drop, enqueue
from db.jobs.states import Ticket
from db.pool import Connection, retrying

MOST_LOSSES = 1
"""How often a job may lose its worker and still be tried again."""
SIGNS = """
SELECT id, attempt, true AS claimed, coalesce(heartbeat_at, updated_at) AS sign FROM jobs
WHERE status = 'RUNNING' AND worker IS NOT NULL
UNION ALL
SELECT id, attempt, false, updated_at FROM jobs
WHERE status IN ('QUEUED', 'RUNNING') AND worker IS NULL AND NOT EXISTS (
    SELECT FROM queue.procrastinate_jobs entry WHERE entry.id = jobs.queue_id AND entry.status = 'todo'
)
"""
STANDING = """
SELECT queue, queue_id, losses FROM jobs
WHERE id = $1 AND attempt = $2 AND status IN ('QUEUED', 'RUNNING')
    AND ($3::timestamptz IS NULL OR coalesce(heartbeat_at, updated_at) = $3)
FOR UPDATE
"""
AGAIN = """
UPDATE jobs SET attempt = attempt + 1, losses = losses + $2, worker = NULL, heartbeat_at = NULL,
    progress_current = 0, message = $3, revision = revision + 1, updated_at = now()
WHERE id = $1 RETURNING attempt, pg_notify('jobs', id::text)
"""
TIDY = """
DELETE FROM queue.procrastinate_jobs entry WHERE status = 'doing'
    AND NOT EXISTS (SELECT FROM jobs WHERE queue_id = entry.id AND status IN ('QUEUED', 'RUNNING'))
    AND NOT EXISTS (
        SELECT FROM queue.procrastinate_workers worker
        WHERE worker.id = entry.worker_id AND last_heartbeat > now() - interval '10 minutes'
    )
"""
Recovered = Literal["again", "failed", "nothing"]


@dataclass(frozen=True, slots=True)
class Sign:
    """When an attempt last gave a sign of life. Not ``claimed``: nobody works on it and it is not in the queue either."""

    ticket: Ticket
    claimed: bool
    at: datetime


async def signs(pool: asyncpg.Pool) -> list[Sign]:
    """Every running job, and every waiting one that has fallen out of the queue (its worker died before it claimed)."""

    async def work(connection: Connection) -> list[Sign]:
        rows = await connection.fetch(SIGNS)
        return [Sign(Ticket(r["id"], r["attempt"]), r["claimed"], r["sign"]) for r in rows]

    return await retrying(pool, work, begin=False)


async def tidy(pool: asyncpg.Pool) -> None:
    """Remove what workers that are gone left in the queue of jobs that are over."""
    await retrying(pool, lambda connection: connection.execute(TIDY), begin=False)


async def hand_back(pool: asyncpg.Pool, ticket: Ticket) -> Recovered:
    """A worker that must stop leaves its job to the next one; that does not count against the job."""
    return await _again(pool, ticket, 0, "its worker stopped; waiting for another")


async def lost(pool: asyncpg.Pool, ticket: Ticket, reason: str) -> Recovered:
    """The attempt died under a worker that lives on: once more, or failed the second time."""
    return await _again(pool, ticket, 1, reason)


async def stalled(pool: asyncpg.Pool, sign: Sign, for_s: float) -> Recovered:
    """No sign of life for long: once more, or failed the second time. Nothing when there has been a sign meanwhile."""
    if not sign.claimed:
        return await _again(pool, sign.ticket, 0, "waiting for a worker", sign.at)
    return await _again(pool, sign.ticket, 1, f"its worker gave no sign of life for {for_s:.0f} s", sign.at)


async def _again(
    pool: asyncpg.Pool, ticket: Ticket, losses: int, reason: str, seen: datetime | None = None
) -> Recovered:
    async def work(connection: Connection) -> Recovered:
        row = await connection.fetchrow(STANDING, ticket.job_id, ticket.attempt, seen)
        if row is None:
            return "nothing"
        if seen is not None:
            await drop(connection, row["queue_id"])
        if losses and row["losses"] + losses > MOST_LOSSES:
            await fail_in(connection, ticket.job_id, f"{reason}, for the second time", attempt=ticket.attempt)
            return "failed"
        message = f"{reason}; trying once more" if losses else reason
        attempt = await connection.fetchval(AGAIN, ticket.job_id, losses, message)
        await enqueue(connection, ticket.job_id, attempt, row["queue"])
        return "again"

    return await retrying(pool, work)
