"""Putting a job away: it leaves the lists, everything of it stays."""

from uuid import UUID

import asyncpg

ARCHIVE = """
UPDATE jobs SET archived_at = CASE WHEN $3 THEN coalesce(archived_at, now()) END
WHERE org_id = $1 AND id = $2 AND ($3 <> (archived_at IS NOT NULL))
"""


async def archive(pool: asyncpg.Pool, org_id: UUID, job_id: UUID, away: bool) -> None:
    """Put a job away, or back into the lists. Again changes nothing."""
    await pool.execute(ARCHIVE, org_id, job_id, away)
