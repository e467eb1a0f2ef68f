"""An org's budgets of models: what they are, what is used of them, and setting them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
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
FIGURES = """
    count(*) AS calls, count(*) FILTER (WHERE fault IS NOT NULL) AS faults,
    count(*) FILTER (WHERE state = 'RESERVED') AS in_flight, count(*) FILTER (WHERE state = 'LAPSED') AS lapsed,
    count(*) FILTER (WHERE cache <> 'none') AS cache_hits,
    coalesce(sum(coalesce(cost, reserved)), 0) AS cost, coalesce(sum(prompt_tokens), 0) AS prompt_tokens,
    coalesce(sum(cached_tokens), 0) AS cached_tokens, coalesce(sum(completion_tokens), 0) AS completion_tokens,
    coalesce(sum(latency_ms), 0) AS latency_ms
"""
BY_MODEL = (
    f"SELECT model, cache, {FIGURES} FROM model_calls WHERE org_id = $1 GROUP BY model, cache ORDER BY 1, 2"
)
OF_DECISIONS = f"""
SELECT model, {FIGURES} FROM model_calls c
WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND (($3::text IS NULL AND $4::text IS NULL
    AND $5::timestamptz IS NULL AND $6::timestamptz IS NULL) OR EXISTS (
        SELECT FROM votes v WHERE v.session_id = c.session_id AND v.seq = c.seq AND v.agent_name = c.agent
        AND ($3::text IS NULL OR v.symbol = $3) AND ($4::text IS NULL OR $4 = 'signal' OR v.decision_type = $4)
        AND ($5::timestamptz IS NULL OR v.created_at >= $5) AND ($6::timestamptz IS NULL OR v.created_at <= $6)))
GROUP BY model ORDER BY model
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


async def of_decisions(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    symbol: str | None = None,
    decision_type: str | None = None,
    session_id: UUID | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
) -> list[Row]:
    """The same of each model, over the calls behind the decisions that a list with these filters has; without any, of all."""
    return await fetch(pool, OF_DECISIONS, org_id, session_id, symbol, decision_type, from_date, to_date)


async def level(pool: asyncpg.Pool, org_id: UUID) -> Level:
    """Where the ladder stands today."""
    row = next(iter(await fetch(pool, READ, org_id)), None)
    return row["level"] if row and row["level_day"] == row["today"] else "full"


def _used(row: Mapping[str, Any]) -> Used:
    return Used(row["spent"], row["reserved"])
