"""Fills: every execution, and funding payments where they are asked for."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.reads.written import Written
from db.seen import SEEN, Sight, in_sight

LIST = """
SELECT id, session_id, seq, order_id, trade_id, kind, symbol, side, price, quantity, fee, liquidity, executed_at,
       (SELECT type FROM orders WHERE orders.id = order_id) AS order_type
FROM fills
WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND ($3::text IS NULL OR symbol = $3)
    AND ($4::uuid IS NULL OR order_id = $4) AND ($5::timestamptz IS NULL OR executed_at >= $5)
    AND ($6::timestamptz IS NULL OR executed_at <= $6) AND (kind = 'TRADE' OR $7)
ORDER BY executed_at DESC, seq DESC, trade_id, id LIMIT $8 OFFSET $9
"""

# Put together by hand: of a list this short, a third of the time goes into looking up how columns of a row are written.
WRITTEN = f"""
WITH told AS MATERIALIZED (
    SELECT coalesce($10::timestamptz, (SELECT (value ->> 'as_of')::timestamptz FROM floor_state WHERE key = 'clock')) AS at
), clock AS (
    SELECT coalesce(at, now()) AS at, at IS NOT NULL AS lasting FROM told
), newest AS (
    SELECT * FROM fills
    WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND ($3::text IS NULL OR symbol = $3)
        AND executed_at >= coalesce($4::timestamptz, coalesce($5::timestamptz, (SELECT at FROM clock)) - $6::interval)
        AND ($5::timestamptz IS NULL OR executed_at <= $5) AND kind = 'TRADE'
        AND {in_sight("born", 9)}
    ORDER BY executed_at DESC, seq DESC, trade_id LIMIT $7 OFFSET $8
)
SELECT '[' || coalesce(string_agg(t.written, ','), '') || ']' AS written, count(*) AS shown,
       (SELECT at FROM clock) AS at, (SELECT lasting FROM clock) AS lasting, {SEEN} FROM (
    SELECT concat(
        '{{"id":', to_json(n.trade_id), ',"symbol":', to_json(n.symbol), ',"side":', to_json(lower(n.side)),
        ',"quantity":', trim_scale(n.quantity), ',"price":', trim_scale(n.price),
        ',"timestamp":"', replace((n.executed_at AT TIME ZONE 'UTC')::text, ' ', 'T'), 'Z","status":"filled","order_type":',
        to_json(coalesce(lower(o.type), 'market')), ',"fees":', trim_scale(n.fee), ',"liquidity":', to_json(n.liquidity),
        ',"order_id":', coalesce('"' || n.order_id || '"', 'null'), ',"session_id":"', n.session_id, '"}}'
    ) AS written
    FROM newest n LEFT JOIN orders o ON o.id = n.order_id
    ORDER BY n.executed_at DESC, n.seq DESC, n.trade_id
) t
"""


async def trades_written(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None,
    symbol: str | None,
    since: datetime | None,
    until: datetime | None,
    lately: timedelta,
    limit: int,
    offset: int,
    sight: Sight | None = None,
) -> Written:
    """Executions, newest first, as the JSON of ``/api/v1/trades``.

    Without ``since`` those of the time ``lately`` up to ``until``, or to the floor's clock; to what it was
    at a first page in ``sight``.
    """
    snapshot, at = (None, None) if sight is None else (sight.snapshot, sight.at)
    row = await pool.fetchrow(
        WRITTEN, org_id, session_id, symbol, since, until, lately, limit, offset, snapshot, at
    )
    assert row is not None
    return Written(row["written"].encode(), row["shown"], row["seen"], row["at"], row["lasting"])


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
