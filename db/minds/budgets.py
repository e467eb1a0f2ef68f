"""An org's budgets of models: what they are, what is used of them, and setting them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from db.minds.spending import LIMITS, SUMS, limits_of, locked, step
from db.pool import Connection, Row, fetch, retrying
from openoutcry.minds.budget import Level, Limits, Subject, Used, reached
from openoutcry.settings import BudgetSettings
from openoutcry.types.frozen import Frozen

READ = f"""
SELECT {", ".join(LIMITS)}, level, level_day, updated_by, updated_at, (now() AT TIME ZONE 'UTC')::date AS today
FROM model_budgets WHERE org_id = $1
"""
TODAY = "SELECT (now() AT TIME ZONE 'UTC')::date"
AGENTS = """
SELECT substr(subject, 22) AS agent, spent, reserved FROM model_spending
WHERE org_id = $1 AND subject LIKE 'agent_day:' || $2::text || ':%' ORDER BY 1
"""
SET = f"""
UPDATE model_budgets SET {", ".join(f"{name} = coalesce(${n}, {name})" for n, name in enumerate(LIMITS, 3))},
    updated_by = $2, updated_at = now() WHERE org_id = $1
"""
BY_MODEL = """
SELECT model, cache, count(*) AS calls, count(*) FILTER (WHERE fault IS NOT NULL) AS faults,
    count(*) FILTER (WHERE state = 'RESERVED') AS in_flight, count(*) FILTER (WHERE state = 'LAPSED') AS lapsed,
    coalesce(sum(coalesce(cost, reserved)), 0) AS cost, sum(prompt_tokens) AS prompt_tokens,
    sum(cached_tokens) AS cached_tokens, sum(completion_tokens) AS completion_tokens,
    coalesce(sum(latency_ms), 0) AS latency_ms
FROM model_calls WHERE org_id = $1 GROUP BY model, cache ORDER BY model, cache
"""
CALLS = """
SELECT id, session_id, seq, agent, model, prompt_hash, params, state, reserved, cost, prompt_tokens, cached_tokens,
    completion_tokens, latency_ms, fault, cache, created_at, settled_at
FROM model_calls WHERE org_id = $1 ORDER BY created_at DESC, id LIMIT $2
"""


class Standing(Frozen):
    """Limits, what is used of a day's and the org's (and of each agent's day), and the ladder's level today."""

    limits: Limits
    used: dict[Subject, Used]
    agents: dict[str, Used]
    level: Level
    updated_by: str


async def standing(source: asyncpg.Pool | Connection, org_id: UUID, defaults: BudgetSettings) -> Standing:
    """How an org's budgets stand."""
    row = next(iter(await fetch(source, READ, org_id)), None)
    today = row["today"] if row else await source.fetchval(TODAY)
    names: dict[Subject, str] = {"day": f"day:{today}", "org": "org"}
    sums = {one["subject"]: _used(one) for one in await fetch(source, SUMS, org_id, list(names.values()))}
    blank = dict.fromkeys(LIMITS)
    return Standing(
        limits=limits_of(row or blank, defaults),
        used={kind: sums.get(name, Used()) for kind, name in names.items()},
        agents={one["agent"]: _used(one) for one in await fetch(source, AGENTS, org_id, str(today))},
        level=row["level"] if row and row["level_day"] == today else "full",
        updated_by=row["updated_by"] if row else "",
    )


async def set_limits(
    pool: asyncpg.Pool, org_id: UUID, changes: Mapping[str, Decimal], by: str, defaults: BudgetSettings
) -> None:
    """Change some limits. The ladder starts again from where the new limits put it."""

    async def work(connection: Connection) -> None:
        row = await locked(connection, org_id)
        await connection.execute(SET, org_id, by, *(changes.get(name) for name in LIMITS))
        now = await standing(connection, org_id, defaults)
        level = reached(now.limits, now.used, defaults)
        await step(connection, org_id, row["level"], level, row["now"].date(), row["now"])

    await retrying(pool, work)


async def by_model(pool: asyncpg.Pool, org_id: UUID) -> list[Row]:
    """Calls, tokens, dollars and latency of each model and kind of cache, since the beginning."""
    return await fetch(pool, BY_MODEL, org_id)


async def calls(pool: asyncpg.Pool, org_id: UUID, limit: int) -> list[Row]:
    """The newest calls."""
    return await fetch(pool, CALLS, org_id, limit)


def _used(row: Mapping[str, Any]) -> Used:
    return Used(row["spent"], row["reserved"])
