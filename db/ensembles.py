"""Ensembles of agents: who belongs to each, what they weigh, and how the weights were learned."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying
from openoutcry.errors import Conflict

CREATE = """
INSERT INTO ensembles (id, org_id, name, ensemble_type, parameters, description, created_by)
VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6) ON CONFLICT (org_id, name) DO NOTHING
RETURNING id, name, ensemble_type, parameters, description, created_by, created_at
"""
COLUMNS = """
SELECT e.id, e.name, e.ensemble_type, e.parameters, e.description, e.created_by, e.created_at,
       (SELECT count(*) FROM ensemble_agents a WHERE a.ensemble_id = e.id) AS agent_count
FROM ensembles e WHERE e.org_id = $1
"""
LIST = f"{COLUMNS} ORDER BY e.created_at, e.name"
ONE = f"{COLUMNS} AND e.id = $2"
MEMBERS = """
SELECT agent_id, agent_type, initial_weight, weight, registered_at FROM ensemble_agents
WHERE org_id = $1 AND ensemble_id = $2 ORDER BY agent_id
"""
REGISTER = """
INSERT INTO ensemble_agents (ensemble_id, org_id, agent_id, agent_type, initial_weight, weight)
VALUES ($2, $1, $3, $4, $5, $5) ON CONFLICT DO NOTHING
RETURNING agent_id, agent_type, initial_weight, weight, registered_at
"""
LOCK = "SELECT agent_id, weight FROM ensemble_agents WHERE org_id = $1 AND ensemble_id = $2 FOR UPDATE"
SET = "UPDATE ensemble_agents SET weight = $4 WHERE org_id = $1 AND ensemble_id = $2 AND agent_id = $3"
LEARNED = """
INSERT INTO ensemble_learnings (id, ensemble_id, org_id, as_of, metric, weights_before, weights_after, scores)
VALUES (gen_random_uuid(), $2, $1, $3, $4, $5, $6, $7)
"""
LEARNINGS = """
SELECT as_of, metric, weights_before, weights_after, scores, created_at FROM ensemble_learnings
WHERE org_id = $1 AND ensemble_id = $2 ORDER BY created_at DESC, id LIMIT 500
"""
DELETE = "DELETE FROM ensembles WHERE org_id = $1 AND id = $2 RETURNING id"
NEWEST_VOTES = """
SELECT DISTINCT ON (agent_name, symbol) agent_name, symbol, action, confidence, take_profit, stop_loss, created_at
FROM votes WHERE org_id = $1 AND agent_name = ANY($2) AND action IN ('BUY', 'SELL', 'HOLD') AND created_at <= $3
ORDER BY agent_name, symbol, created_at DESC
"""


async def create(
    pool: asyncpg.Pool, org_id: UUID, name: str, kind: str, parameters: Mapping[str, Any], text: str, who: str
) -> Row:
    """A new ensemble. Raises Conflict when the name is taken."""
    made = await fetch(pool, CREATE, org_id, name, kind, dict(parameters), text, who)
    if not made:
        raise Conflict(f"an ensemble is named {name!r} already")
    return made[0]


async def every(pool: asyncpg.Pool, org_id: UUID) -> list[Row]:
    """All of them, oldest first."""
    return await fetch(pool, LIST, org_id)


async def find(pool: asyncpg.Pool, org_id: UUID, ensemble_id: UUID) -> Row | None:
    """One of them."""
    return next(iter(await fetch(pool, ONE, org_id, ensemble_id)), None)


async def members(pool: asyncpg.Pool, org_id: UUID, ensemble_id: UUID) -> list[Row]:
    """Its agents, by name."""
    return await fetch(pool, MEMBERS, org_id, ensemble_id)


async def register(
    pool: asyncpg.Pool, org_id: UUID, ensemble_id: UUID, agent_id: str, kind: str, weight: float
) -> Row:
    """One agent more. Raises Conflict when it belongs to it already."""
    made = await fetch(pool, REGISTER, org_id, ensemble_id, agent_id, kind, weight)
    if not made:
        raise Conflict(f"{agent_id} belongs to this ensemble already")
    return made[0]


async def learn(
    pool: asyncpg.Pool,
    org_id: UUID,
    ensemble_id: UUID,
    as_of: datetime,
    metric: str,
    before: Mapping[str, float],
    after: Mapping[str, float],
    scores: Mapping[str, Any],
) -> None:
    """Put learned weights in force, all or none. Raises Conflict when the old ones are others by now."""

    async def work(connection: Connection) -> None:
        there = {row["agent_id"]: row["weight"] for row in await connection.fetch(LOCK, org_id, ensemble_id)}
        if there != dict(before):
            raise Conflict("the ensemble's weights were changed meanwhile; ask again")
        for name, weight in after.items():
            await connection.execute(SET, org_id, ensemble_id, name, weight)
        told = (dict(before), dict(after), dict(scores))
        await connection.execute(LEARNED, org_id, ensemble_id, as_of, metric, *told)

    await retrying(pool, work)


async def learnings(pool: asyncpg.Pool, org_id: UUID, ensemble_id: UUID) -> list[Row]:
    """How its weights were learned, newest first."""
    return await fetch(pool, LEARNINGS, org_id, ensemble_id)


async def delete(pool: asyncpg.Pool, org_id: UUID, ensemble_id: UUID) -> bool:
    """Delete it with all that belongs to it; False when there is none."""
    return bool(await fetch(pool, DELETE, org_id, ensemble_id))


async def newest_votes(pool: asyncpg.Pool, org_id: UUID, agents: list[str], as_of: datetime) -> list[Row]:
    """Each agent's newest directional vote on each symbol."""
    return await fetch(pool, NEWEST_VOTES, org_id, agents, as_of)
