"""An org's equity over time, as far as it is asked for."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

LINE = """
WITH account AS (
    SELECT id FROM sessions WHERE org_id = $1 AND status <> 'STOPPED'
    UNION ALL
    (SELECT id FROM sessions WHERE org_id = $1 AND as_of IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM sessions WHERE org_id = $1 AND status <> 'STOPPED')
     ORDER BY as_of DESC LIMIT 1)
)
SELECT session_id, as_of, equity, cash FROM (
    SELECT DISTINCT ON (session_id, date_bin($4, as_of, 'epoch')) session_id, as_of, equity, cash
    FROM equity WHERE session_id IN (SELECT id FROM account) AND as_of >= $2 AND as_of <= $3
    ORDER BY session_id, date_bin($4, as_of, 'epoch'), seq DESC
) binned ORDER BY as_of, session_id
"""
POINTS = 2000


async def equity_line(pool: asyncpg.Pool, org_id: UUID, since: datetime, until: datetime) -> list[Row]:
    """Session, time, equity and cash of the open sessions, else of the last one, oldest first: at most about two
    thousand a session, each the last of its bin.
    """
    width = max(timedelta(seconds=1), (until - since) / POINTS)
    return await fetch(pool, LINE, org_id, since, until, width)
