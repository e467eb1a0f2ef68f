"""Deleting jobs that ended long ago, with all they left. What a strategy's metrics were taken from stays in its own rows."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.jobs.states import TERMINAL

BATCH = 200
OLD = "org_id = $1 AND status = ANY($2) AND finished_at < $3 AND ($4::text IS NULL OR kind = $4)"
COUNT = f"SELECT count(*) FROM jobs WHERE {OLD}"
DELETE = f"""
WITH old AS (SELECT id FROM jobs WHERE {OLD} ORDER BY finished_at LIMIT {BATCH} FOR UPDATE SKIP LOCKED),
    curves AS (DELETE FROM job_curves c USING old WHERE c.job_id = old.id),
    trades AS (DELETE FROM job_trades t USING old WHERE t.job_id = old.id),
    reports AS (DELETE FROM job_reports r USING old WHERE r.job_id = old.id),
    gone AS (DELETE FROM jobs j USING old WHERE j.id = old.id RETURNING j.id)
SELECT count(*) FROM gone
"""


async def prunable(pool: asyncpg.Pool, org_id: UUID, before: datetime, kind: str | None = None) -> int:
    """How many jobs ended before then."""
    found: int = await pool.fetchval(COUNT, org_id, list(TERMINAL), before, kind)
    return found


async def prune(pool: asyncpg.Pool, org_id: UUID, before: datetime, kind: str | None = None) -> int:
    """Delete them, some at a time, each with its curve, trades and report in one transaction. Returns how many."""
    total = 0
    while gone := int(await pool.fetchval(DELETE, org_id, list(TERMINAL), before, kind)):
        total += gone
    return total
