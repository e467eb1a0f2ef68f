"""Writes what was learned from decisions that have ended, beside the rounds and never in one."""

import asyncio
from collections import deque
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg
import structlog

from db.pool import ASYNC_COMMIT, LOST, Row, fetch
from openoutcry.reflection import AUTHOR, reflect

log = structlog.get_logger()
BATCH = 200
PAUSE_S = 1.0
WITHOUT = """
SELECT d.id, d.org_id, d.symbol, d.decision, d.confidence, d.outcome, d.actual_pnl, d.outcome_reason, d.outcome_known_at, c.hash,
       (SELECT array_agg(v.agent_name || ' ' || v.action ORDER BY v.agent_name) FROM votes v WHERE v.decision_id = d.id) AS said
FROM decisions d JOIN cycles c ON c.session_id = d.session_id AND c.seq = d.seq
WHERE d.outcome_known_at IS NOT NULL AND ($1::uuid[] IS NULL OR d.id = ANY($1))
    AND NOT EXISTS (SELECT FROM reflections r WHERE r.decision_id = d.id)
ORDER BY d.outcome_known_at LIMIT $2
"""
KEEP = f"""
WITH soon AS ({ASYNC_COMMIT})
INSERT INTO reflections (decision_id, org_id, author, text, agents_right, agents_wrong, record_hash, known_at)
SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM soon ON CONFLICT DO NOTHING
"""
OF = """
SELECT r.decision_id, r.author, r.text, r.agents_right, r.agents_wrong, r.record_hash, r.known_at,
    l.model, l.version, l.prompt_hash, l.text AS lesson
FROM reflections r LEFT JOIN lessons l ON l.decision_id = r.decision_id
WHERE r.org_id = $1 AND r.decision_id = ANY($2) AND r.known_at <= $3
"""


async def reflect_on(pool: asyncpg.Pool, decisions: Sequence[UUID] | None, most: int = BATCH) -> int:
    """Reflect on up to ``most`` of these decisions (None: of all) that have ended and were not reflected on; returns how many."""
    rows = await fetch(pool, WITHOUT, None if decisions is None else list(decisions), most)
    if rows:
        await pool.executemany(KEEP, [_kept(row) for row in rows])
    return len(rows)


async def reflect_all(pool: asyncpg.Pool) -> int:
    """Reflect on every decision that has ended; returns how many."""
    total = 0
    while done := await reflect_on(pool, None):
        total += done
    return total


async def keep_reflecting(pool: asyncpg.Pool, ended: deque[UUID]) -> None:
    """Reflect on all that has ended, then once a second on what comes in ``ended``, until cancelled.

    A lost database is waited out, and then everything is looked through again.
    """
    caught_up = False
    while True:
        try:
            if not caught_up:
                await reflect_all(pool)
                caught_up = True
            while ended:
                some = [ended.popleft() for _ in range(min(BATCH, len(ended)))]
                await reflect_on(pool, some)
        except (*LOST, asyncpg.InterfaceError) as error:
            caught_up = False
            log.warning("reflecting_delayed", error=f"{type(error).__name__}: {error}")
        await asyncio.sleep(PAUSE_S)


async def reflections(pool: asyncpg.Pool, org_id: UUID, decisions: list[UUID], as_of: datetime) -> list[Row]:
    """What was learned of these decisions by ``as_of``."""
    return await fetch(pool, OF, org_id, decisions, as_of)


def _kept(row: Row) -> tuple[object, ...]:
    votes = [tuple(one.split(" ", 1)) for one in row["said"] or ()]
    found = reflect(
        row["decision"], row["symbol"], row["confidence"], row["outcome"], row["actual_pnl"], row["outcome_reason"],
        [(agent, action) for agent, action in votes],
    )  # fmt: skip
    return (
        row["id"], row["org_id"], AUTHOR, found.text, list(found.right), list(found.wrong), row["hash"], row["outcome_known_at"],
    )  # fmt: skip
