"""Who sits on the floor: heartbeats of agents."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.pool import ASYNC_COMMIT

AgentStatus = Literal["active", "inactive", "error"]
HEARTBEAT = f"""
WITH soon AS ({ASYNC_COMMIT}), before AS (
    SELECT status FROM agents WHERE org_id = $1 AND name = $2
)
INSERT INTO agents (org_id, name, status, last_seen_at, metadata)
SELECT $1, $2, $3, now(), $4 FROM soon
ON CONFLICT (org_id, name) DO UPDATE SET
    status = excluded.status,
    metadata = agents.metadata || excluded.metadata,
    last_seen_at = CASE WHEN excluded.status = 'active' THEN now() ELSE agents.last_seen_at END
RETURNING (SELECT status FROM before) AS before, last_seen_at, metadata
"""

LEAVE = "UPDATE agents SET status = 'inactive' WHERE org_id = $1 AND name = $2"


async def leave(pool: asyncpg.Pool, org_id: UUID, name: str) -> None:
    """An agent gave its seat up."""
    await pool.execute(LEAVE, org_id, name)


async def heartbeat(
    pool: asyncpg.Pool, org_id: UUID, name: str, status: AgentStatus, metadata: Mapping[str, Any]
) -> asyncpg.Record:
    """Note an agent's status; ``metadata`` goes over what is known, ``last_seen_at`` moves while active.

    Returns ``before`` (its status until now, None at first), ``last_seen_at`` and ``metadata``.
    """
    row = await pool.fetchrow(HEARTBEAT, org_id, name, status, dict(metadata))
    assert row is not None
    return row
