"""Decisions counted and averaged."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import fetch
from db.reads.said import DECISION, OF_AGENTS, OF_FLOOR, VOTE, of_agents

COUNTED = ("outcome", "decision_type", "decision", "model")
FIGURES = """
WITH picked AS MATERIALIZED ({picked})
SELECT count(*) AS total_decisions, avg(confidence) AS avg_confidence,
       avg(actual_pnl) AS avg_pnl, coalesce(sum(actual_pnl), 0) AS total_pnl, coalesce(sum(cost_usd), 0) AS total_cost,
       count(*) FILTER (WHERE outcome = 'SUCCESS')::float8
           / nullif(count(*) FILTER (WHERE outcome <> 'PENDING'), 0) AS success_rate,
       avg(prompt_tokens + completion_tokens)::float8 AS avg_tokens_used, avg(latency_ms) AS avg_latency_ms,
       {counts}
FROM picked
"""
COUNT = "(SELECT coalesce(jsonb_object_agg(k, n), '{{}}') FROM (SELECT {0} k, count(*) n FROM picked GROUP BY 1) c) AS by_{0}"


def _figures(picked: str) -> str:
    return FIGURES.format(picked=picked, counts=", ".join(COUNT.format(name) for name in COUNTED))


async def stats(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    symbol: str | None = None,
    decision_type: str | None = None,
    session_id: UUID | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
) -> dict[str, Any]:
    """Figures over the decisions that a list with these filters has.

    ``success_rate`` is over known outcomes; averages are None over nothing. ``actual_pnl`` of a decision that
    opened no position is 0 and counts.
    """
    agents = of_agents(None, decision_type)
    query = _figures(f"{VOTE} WHERE {OF_AGENTS}" if agents else f"{DECISION} WHERE {OF_FLOOR}")
    filters = (symbol, decision_type, None, None, None, session_id, from_date, to_date)
    (row,) = await fetch(pool, query, org_id, *filters)
    return {**row, "by_outcome": {"SUCCESS": 0, "FAILURE": 0, "PENDING": 0, **row["by_outcome"]}}
