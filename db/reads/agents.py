"""Agents as they were last heard of."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch

AGENTS = """
SELECT name, status, last_seen_at, metadata FROM agents
WHERE org_id = $1 AND ($2::text IS NULL OR name = $2) ORDER BY name
"""


async def list_agents(pool: asyncpg.Pool, org_id: UUID) -> list[Row]:
    """Every agent that ever took a seat: ``name``, ``status``, ``last_seen_at``, ``metadata``."""
    return await fetch(pool, AGENTS, org_id, None)


async def get_agent(pool: asyncpg.Pool, org_id: UUID, name: str) -> Row | None:
    """One agent."""
    return next(iter(await fetch(pool, AGENTS, org_id, name)), None)
