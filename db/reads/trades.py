"""Fills: every execution, and funding payments where they are asked for."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

LIST = """
SELECT id, session_id, seq, order_id, trade_id, kind, symbol, side, price, quantity, fee, liquidity, executed_at,
       (SELECT type FROM orders WHERE orders.id = order_id) AS order_type
FROM fills
WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND ($3::text IS NULL OR symbol = $3)
    AND ($4::uuid IS NULL OR order_id = $4) AND ($5::timestamptz IS NULL OR executed_at >= $5)
    AND ($6::timestamptz IS NULL OR executed_at <= $6) AND (kind = 'TRADE' OR $7)
ORDER BY executed_at DESC, seq DESC, trade_id, id LIMIT $8 OFFSET $9
"""


async def list_trades(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None = None,
    symbol: str | None = None,
    order_id: UUID | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
    funding: bool = False,
    limit: int = 100,
    offset: int = 0,
) -> list[Row]:
    """Fills, newest first; the filters combine. With ``funding`` its payments too (quantity 0, paid as ``fee``)."""
    return await fetch(
        pool, LIST, org_id, session_id, symbol, order_id, from_date, to_date, funding, limit, offset
    )
