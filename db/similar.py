"""Decisions in markets that looked alike, and how they ended: never the decision itself, never the future."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

FEW = 4000
"""So few candidates are compared one by one: exact, and faster than an index that must skip all others."""
WIDER = 4
"""The index is asked for so many times more: it gives near cases only roughly in order."""
ASKING = """
SELECT d.id, d.org_id, d.context_embedding, d.context_embedder, d.created_at FROM decisions d
WHERE d.org_id = $1 AND (d.id = $2 OR d.id = (SELECT decision_id FROM votes WHERE org_id = $1 AND id = $2))
"""
CANDIDATES = """
SELECT count(*) FROM (SELECT 1 FROM decisions WHERE org_id = $1 AND created_at <= $2 LIMIT $3) candidates
"""
CHOSEN = """
SELECT id, session_id, seq, symbol, agent_name, decision_type, decision, target, confidence, reasoning, outcome,
       actual_pnl, outcome_reason, created_at, 1 - (context_embedding <=> $2) AS similarity
FROM {source}
WHERE org_id = $1 AND id <> $3 AND outcome_known_at <= $4 AND created_at <= $4 AND context_embedder = $5
    AND ($7::float8 IS NULL OR (context_embedding <=> $2) - 1 > -$7 OR ((context_embedding <=> $2) - 1 = -$7 AND id > $8))
"""
INDEXED = f"{CHOSEN.format(source='decisions')} ORDER BY context_embedding <=> $2 LIMIT $6"
ONE_BY_ONE = "AND vector_norm(context_embedding) > 0 ORDER BY (context_embedding <=> $2) + 0, id LIMIT $6"
EARLIEST = f"""
(SELECT * FROM decisions WHERE org_id = $1 AND created_at <= $4 ORDER BY created_at DESC LIMIT {FEW}) earliest
"""
EXACT = f"{CHOSEN.format(source=EARLIEST)} {ONE_BY_ONE}"
EXHAUSTIVE = f"{CHOSEN.format(source='decisions')} {ONE_BY_ONE}"


class Beyond(NamedTuple):
    """The case after which a list goes on: those that are less alike, and of the equally alike those of a later id."""

    similarity: float | None = None
    id: UUID | None = None


NEAREST = Beyond()
"""A list from its beginning."""


async def similar(
    pool: asyncpg.Pool,
    org_id: UUID,
    decision_id: UUID,
    limit: int = 10,
    *,
    by: datetime | None = None,
    beyond: Beyond = NEAREST,
) -> list[Row] | None:
    """The decisions with the nearest market context, by cosine ``similarity``, nearest first.

    Only those whose outcome was known when the asking decision was made; a vote asks as its decision.
    None when there is no such decision, or ``by`` then there was not.
    """
    asking = next(iter(await fetch(pool, ASKING, org_id, decision_id)), None)
    if asking is None or (by is not None and asking["created_at"] > by):
        return None
    return await like(
        pool,
        org_id,
        asking["context_embedding"],
        asking["context_embedder"],
        before=asking["created_at"],
        but=asking["id"],
        limit=limit,
        beyond=beyond,
    )


async def like(
    pool: asyncpg.Pool,
    org_id: UUID,
    context: list[float],
    embedder: str,
    *,
    before: datetime,
    but: UUID,
    limit: int,
    beyond: Beyond = NEAREST,
) -> list[Row]:
    """The cases nearest to ``context`` that had ended at ``before``. A context of zeros is like nothing."""
    if not any(context):
        return []
    few: int = await pool.fetchval(CANDIDATES, org_id, before, FEW + 1)
    arguments = (org_id, context, but, before, embedder)
    if few <= FEW:
        found = await fetch(pool, EXACT, *arguments, limit, *beyond)
    else:
        found = await fetch(pool, INDEXED, *arguments, WIDER * limit, *beyond)
        if len(found) < limit:
            found = await fetch(pool, EXHAUSTIVE, *arguments, limit, *beyond)
    return sorted(found, key=lambda row: (-row["similarity"], row["id"]))[:limit]


def figures_of(row: Row) -> dict[str, Any]:
    """What ``openoutcry.explain.Alike`` tells of a row of these queries."""
    return {
        "decision_id": str(row["id"]),
        "at": row["created_at"],
        "symbol": row["symbol"],
        "decision": row["decision"],
        "confidence": row["confidence"],
        "similarity": round(row["similarity"], 4),
        "outcome": row["outcome"],
        "pnl": row["actual_pnl"],
    }
