"""Loss limits that open sessions have reached and nobody has reset."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from db.reads.readable import BODY
from openoutcry.risk.latch import Latch

LATCHED = f"""
SELECT s.id, s.symbol, c.latched
FROM sessions s CROSS JOIN LATERAL (
    SELECT {BODY} -> 'detail' -> 'latched' AS latched FROM cycles WHERE session_id = s.id AND seq = s.head_seq
) c
WHERE s.status <> 'STOPPED' AND jsonb_typeof(c.latched) = 'object' AND ($1::uuid IS NULL OR s.org_id = $1)
ORDER BY s.started_at, s.symbol
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """A limit as it was when a session reached it."""

    session_id: UUID
    symbol: str
    rule: str
    latch: Latch


async def latches(pool: asyncpg.Pool, org_id: UUID | None = None) -> list[Reached]:
    """The limits that stand, of one org's sessions or of all."""
    rows = await pool.fetch(LATCHED, org_id)
    return [
        Reached(row["id"], row["symbol"], rule, Latch.model_validate(latch))
        for row in rows
        for rule, latch in sorted(row["latched"].items())
    ]
