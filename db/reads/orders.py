"""Orders, with the position each belongs to: the one its round opened or closed in its symbol."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight
from openoutcry.hedging.execution import HedgeOrder

ORDER = """
SELECT o.id, o.session_id, p.id AS position_id, o.seq, o.leg, o.client_order_id, o.venue_order_id, o.symbol,
       o.exchange, o.side, o.type, o.status, o.price, o.stop_price, o.quantity, o.executed_quantity,
       o.executed_quote_quantity, o.time_in_force, o.reduce_only, o.oco_group, o.reason, o.refusal,
       o.error_message, o.placed_at, o.filled_at, o.canceled_at, o.expired_at, o.created_at, o.updated_at
FROM orders o LEFT JOIN LATERAL (
    SELECT id FROM positions WHERE session_id = o.session_id AND symbol = o.symbol
        AND (opened_seq = o.seq OR closed_seq = o.seq) AND o.refusal IS NULL
    ORDER BY opened_seq = o.seq DESC, ordinal LIMIT 1
) p ON true
"""
LIST = f"""{ORDER.replace("SELECT", f"SELECT {SEEN},", 1)}
WHERE o.org_id = $1 AND ($2::uuid IS NULL OR o.session_id = $2) AND ($3::text IS NULL OR o.symbol = $3)
    AND ($4::text[] IS NULL OR o.status = ANY($4))
    AND {in_sight("o.born", 7)}
ORDER BY o.created_at DESC, o.seq DESC, o.leg, o.id LIMIT $5 OFFSET $6
"""
ONE = f"{ORDER} WHERE o.org_id = $1 AND o.id = $2"
OF_LEG = """
SELECT symbol, side, quantity, status, executed_quantity, executed_quote_quantity, refusal, error_message
FROM orders WHERE session_id = $1 AND leg = $2 ORDER BY seq
"""
OF_ROUND = f"{ORDER} WHERE o.org_id = $1 AND o.session_id = $2 AND o.seq = $3 ORDER BY o.leg"


async def list_orders(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None = None,
    symbol: str | None = None,
    statuses: Sequence[str] | None = None,
    limit: int = 100,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[Row]:
    """Orders, newest first; the filters combine."""
    wanted = None if statuses is None else list(statuses)
    return await fetch(pool, LIST, org_id, session_id, symbol, wanted, limit, offset, snapshot)


async def get_order(pool: asyncpg.Pool, org_id: UUID, order_id: UUID) -> Row | None:
    """One order."""
    return next(iter(await fetch(pool, ONE, org_id, order_id)), None)


async def orders_of_round(pool: asyncpg.Pool, org_id: UUID, session_id: UUID, seq: int) -> list[Row]:
    """The orders one record planned, refused ones too."""
    return await fetch(pool, OF_ROUND, org_id, session_id, seq)


async def hedge_orders(pool: asyncpg.Pool, session_id: UUID, leg: str) -> list[HedgeOrder]:
    """What became of a session's orders of one leg."""
    return [
        HedgeOrder(
            symbol=row["symbol"],
            side=row["side"],
            quantity=row["quantity"],
            status=row["status"],
            executed=row["executed_quantity"],
            quote=row["executed_quote_quantity"],
            refusal=row["refusal"],
            error=row["error_message"],
        )
        for row in await fetch(pool, OF_LEG, session_id, leg)
    ]
