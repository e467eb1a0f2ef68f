"""The floor at a glance, from its rows."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch

RECENT = 200
STATUS = """
WITH recent AS (
    SELECT c.as_of, c.committed_at, c.kind, (c.timings->>'round_s')::float8 * 1000 AS ms
    FROM sessions s CROSS JOIN LATERAL (
        SELECT * FROM cycles WHERE session_id = s.id ORDER BY seq DESC LIMIT $2
    ) c WHERE s.org_id = $1 AND s.status <> 'STOPPED'
)
SELECT (SELECT count(*) FROM sessions WHERE org_id = $1 AND status = 'RUNNING') AS sessions_running,
       (SELECT count(*) FROM sessions WHERE org_id = $1 AND status = 'PAUSED') AS sessions_paused,
       (SELECT count(*) FROM agents WHERE org_id = $1 AND status = 'active') AS agents_active,
       (SELECT count(*) FROM agents WHERE org_id = $1) AS agents,
       (SELECT count(*) FROM commands WHERE org_id = $1 AND state = 'PENDING') AS commands_pending,
       (SELECT extract(epoch FROM now() - min(created_at))::float8 FROM commands
        WHERE org_id = $1 AND state = 'PENDING') AS oldest_command_s,
       (SELECT value->>'as_of' FROM floor_state WHERE key = 'clock') AS clock,
       (SELECT value FROM floor_state WHERE key = 'halt') AS halt,
       max(as_of) AS last_round, extract(epoch FROM now() - max(committed_at))::float8 AS last_commit_age_s,
       percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS round_ms_p50,
       percentile_cont(0.95) WITHIN GROUP (ORDER BY ms) AS round_ms_p95
FROM recent
"""


async def floor_status(pool: asyncpg.Pool, org_id: UUID) -> Row:
    """Sessions, agents, the command queue and its age, the clock, the halt, and how the last 200 rounds went."""
    (row,) = await fetch(pool, STATUS, org_id, RECENT)
    return row
