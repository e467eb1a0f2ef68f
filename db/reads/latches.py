"""Loss limits that open sessions have reached and nobody has reset."""

import asyncpg

from db.reads.readable import BODY
from openoutcry.risk.latch import Latch

LATCHED = f"""
SELECT s.symbol, c.latched
FROM sessions s CROSS JOIN LATERAL (
    SELECT {BODY} -> 'detail' -> 'latched' AS latched FROM cycles WHERE session_id = s.id AND seq = s.head_seq
) c
WHERE s.status <> 'STOPPED' AND jsonb_typeof(c.latched) = 'object' ORDER BY s.started_at, s.symbol
"""


async def latches(pool: asyncpg.Pool) -> list[tuple[str, str, Latch]]:
    """Symbol of the session, rule, and the limit as it was when it was reached."""
    rows = await pool.fetch(LATCHED)
    return [
        (row["symbol"], rule, Latch.model_validate(latch))
        for row in rows
        for rule, latch in sorted(row["latched"].items())
    ]
