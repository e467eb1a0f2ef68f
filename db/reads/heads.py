"""Where the ledger's chains ended at a time."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

MOST = 100
HEADS = """
SELECT s.id AS session_id, s.symbol, c.seq, c.hash, c.as_of
FROM sessions s CROSS JOIN LATERAL (
    SELECT seq, hash, as_of FROM cycles WHERE session_id = s.id AND as_of <= $2 ORDER BY seq DESC LIMIT 1
) c
WHERE s.org_id = $1 ORDER BY c.as_of DESC, s.id LIMIT $3
"""


async def heads(pool: asyncpg.Pool, org_id: UUID, as_of: datetime) -> list[Row]:
    """The newest record by ``as_of`` of each session of an org (the newest hundred): session_id, symbol, seq, hash, as_of."""
    return await fetch(pool, HEADS, org_id, as_of, MOST)
