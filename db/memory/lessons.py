"""What models wrote of decisions that have ended: which still lack it, and keeping it once."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch

WITHOUT = """
SELECT r.decision_id, r.org_id, r.known_at, d.symbol, d.decision, d.confidence, d.outcome, d.actual_pnl, d.outcome_reason,
    (SELECT array_agg(v.agent_name || ' ' || v.action ORDER BY v.agent_name) FROM votes v WHERE v.decision_id = d.id) AS said
FROM reflections r JOIN decisions d ON d.id = r.decision_id
WHERE d.decision IN ('BUY', 'SELL') AND NOT EXISTS (SELECT FROM lessons l WHERE l.decision_id = r.decision_id)
ORDER BY r.known_at DESC LIMIT $1
"""
KEEP = """
INSERT INTO lessons (decision_id, org_id, model, version, prompt_hash, text, fault, known_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""


async def without(pool: asyncpg.Pool, limit: int) -> list[Row]:
    """Purchases and sales that ended and that no model has written of, those known last first."""
    return await fetch(pool, WITHOUT, limit)


async def keep(
    pool: asyncpg.Pool,
    row: Row,
    *,
    model: str,
    version: str,
    prompt_hash: str,
    text: str | None = None,
    fault: str | None = None,
) -> None:
    """A model's text on a row of ``without``, or why none of its answer is kept."""
    decision: UUID = row["decision_id"]
    why = None if fault is None else fault[:300]
    await pool.execute(KEEP, decision, row["org_id"], model, version, prompt_hash, text, why, row["known_at"])
