"""Agents as they were last heard of."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from openoutcry.minds.budget import Level

AGENTS = """
SELECT name, status, last_seen_at, metadata FROM agents
WHERE org_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name
"""


STAFF = """
SELECT coalesce(b.level, 'full') AS models_level, a.name, a.status, a.last_seen_at, a.metadata
FROM (SELECT) one
LEFT JOIN model_budgets b ON b.org_id = $1 AND b.level_day = (now() AT TIME ZONE 'UTC')::date
LEFT JOIN agents a ON a.org_id = $1
ORDER BY a.name
"""


async def staff(pool: asyncpg.Pool, org_id: UUID) -> tuple[list[Row], Level]:
    """The same agents, and the step that language models' money has reached today (``db.minds.budgets.level``)."""
    rows = await fetch(pool, STAFF, org_id)
    return [row for row in rows if row["name"] is not None], rows[0]["models_level"]


async def list_agents(pool: asyncpg.Pool, org_id: UUID) -> list[Row]:
    """Every agent that ever took a seat: ``name``, ``status``, ``last_seen_at``, ``metadata``."""
    return await fetch(pool, AGENTS, org_id, None)


async def get_agent(pool: asyncpg.Pool, org_id: UUID, name: str) -> Row | None:
    """One agent."""
    return next(iter(await fetch(pool, AGENTS, org_id, name)), None)
