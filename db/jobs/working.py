"""What a worker writes on the job it holds. Every statement is good for the current attempt only."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import asyncpg

from db.jobs.rows import COLUMNS, Job, job_of
from db.jobs.states import PRIOR, Ticket
from db.pool import Connection, retrying

CLAIM = f"""
WITH claimed AS (
    UPDATE jobs SET status = 'RUNNING', worker = $3, heartbeat_at = now(), started_at = coalesce(started_at, now()),
        progress_current = 0, message = 'starting', revision = revision + 1, updated_at = now()
    WHERE id = $1 AND attempt = $2 AND status = ANY($4) AND (worker IS NULL OR worker = $3)
    RETURNING {COLUMNS}
)
SELECT {COLUMNS}, pg_notify('jobs', id::text) FROM claimed
"""
BEAT = """
UPDATE jobs SET heartbeat_at = now() FROM unnest($1::uuid[], $2::integer[]) AS held (id, attempt)
WHERE jobs.id = held.id AND jobs.attempt = held.attempt AND jobs.status = 'RUNNING' RETURNING jobs.id
"""
PROGRESS = """
WITH said AS (
    UPDATE jobs SET progress_current = least($3::bigint, $4::bigint), progress_total = $4, message = $5, heartbeat_at = now(),
        revision = revision + 1, updated_at = now()
    WHERE id = $1 AND attempt = $2 AND status = 'RUNNING' RETURNING id
)
SELECT pg_notify('jobs', id::text) FROM said
"""
PREFLIGHT = """
WITH said AS (
    UPDATE jobs SET preflight = $3, revision = revision + 1, updated_at = now()
    WHERE id = $1 AND attempt = $2 AND status = 'RUNNING' RETURNING id
)
SELECT pg_notify('jobs', id::text) FROM said
"""
MESSAGE_CHARS = 500


async def claim(pool: asyncpg.Pool, ticket: Ticket, worker: str) -> Job | None:
    """Start the attempt. None when it is not this one's turn: cancelled, given up, or taken by another worker."""
    allowed = list(PRIOR["RUNNING"])

    async def work(connection: Connection) -> Job | None:
        row = await connection.fetchrow(CLAIM, ticket.job_id, ticket.attempt, worker, allowed)
        return None if row is None else job_of(row)

    return await retrying(pool, work, begin=False)


async def beat(pool: asyncpg.Pool, held: Iterable[Ticket]) -> set[UUID]:
    """Say that these are being worked on. Returns those that still are this worker's to do."""
    tickets = list(held)

    async def work(connection: Connection) -> set[UUID]:
        rows = await connection.fetch(BEAT, [t.job_id for t in tickets], [t.attempt for t in tickets])
        return {row["id"] for row in rows}

    return await retrying(pool, work, begin=False)


async def progress(pool: asyncpg.Pool, ticket: Ticket, current: int, total: int, message: str) -> bool:
    """Write how far it is; False when the attempt is over."""
    return await _say(pool, PROGRESS, ticket, current, total, message[:MESSAGE_CHARS])


async def preflight(pool: asyncpg.Pool, ticket: Ticket, report: dict[str, Any]) -> bool:
    """Write the report of the checks before the run; False when the attempt is over."""
    return await _say(pool, PREFLIGHT, ticket, report)


async def _say(pool: asyncpg.Pool, statement: str, ticket: Ticket, *values: Any) -> bool:
    async def work(connection: Connection) -> bool:
        return bool(await connection.fetch(statement, ticket.job_id, ticket.attempt, *values))

    return await retrying(pool, work, begin=False)
