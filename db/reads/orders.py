"""Orders, with the position each belongs to: the one its round opened or closed in its symbol."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.reads.written import LIST as WRITTEN_LIST
from db.reads.written import Written, time
from db.seen import SEEN, in_sight
from openoutcry.hedging.execution import HedgeOrder

IN_FLIGHT = ("INTENT", "SENT", "NEW", "UNKNOWN")
"""What is stored while an order is on its way, works, or is being looked up; clients see NEW."""
UNKNOWN_NOTE = "the venue's answer is not known yet; the order is being looked up"
POSITION = """
LEFT JOIN LATERAL (
    SELECT id FROM positions WHERE session_id = o.session_id AND symbol = o.symbol
        AND (opened_seq = o.seq OR closed_seq = o.seq) AND o.refusal IS NULL
    ORDER BY opened_seq = o.seq DESC, ordinal LIMIT 1
) p ON true
"""
ORDER = f"""
SELECT o.id, o.session_id, p.id AS position_id, o.seq, o.leg, o.client_order_id, o.venue_order_id, o.symbol,
       o.exchange, o.side, o.type, o.status, o.price, o.stop_price, o.quantity, o.executed_quantity,
       o.executed_quote_quantity, o.time_in_force, o.reduce_only, o.oco_group, o.reason, o.refusal,
       o.error_message, o.placed_at, o.filled_at, o.canceled_at, o.expired_at, o.created_at, o.updated_at
FROM orders o {POSITION}
"""
NEWEST = "ORDER BY o.created_at DESC, o.seq DESC, o.leg, o.id"
PAGE = f"""
WHERE o.org_id = $1 AND ($2::uuid IS NULL OR o.session_id = $2) AND ($3::text IS NULL OR o.symbol = $3)
    AND ($4::text[] IS NULL OR o.status = ANY($4))
    AND {in_sight("o.born", 7)}
{NEWEST} LIMIT $5 OFFSET $6
"""
WRITTEN = f"""
SELECT {WRITTEN_LIST}, {SEEN} FROM (
    SELECT o.id, o.session_id, p.id AS position_id, o.venue_order_id AS exchange_order_id, o.client_order_id, o.symbol,
           o.exchange, o.side, o.type, CASE WHEN o.status IN {IN_FLIGHT} THEN 'NEW' ELSE o.status END AS status,
           trim_scale(o.price) AS price, trim_scale(o.stop_price) AS stop_price, trim_scale(o.quantity) AS quantity,
           trim_scale(o.executed_quantity) AS executed_quantity,
           trim_scale(o.executed_quote_quantity) AS executed_quote_quantity, o.time_in_force, o.reduce_only, o.leg,
           o.reason, CASE WHEN o.refusal IS NOT NULL THEN (SELECT row_to_json(r) FROM (
               SELECT o.refusal -> 'rule' AS rule, o.refusal -> 'value' AS value, o.refusal -> 'limit' AS limit,
                      coalesce(o.refusal -> 'message', '""') AS message
           ) r) END AS refusal,
           coalesce(o.error_message, nullif(o.refusal ->> 'message', ''),
               (o.refusal ->> 'rule') || ': ' || (o.refusal ->> 'value') || ' breaks the limit ' || (o.refusal ->> 'limit'),
               CASE WHEN o.status = 'UNKNOWN' THEN '{UNKNOWN_NOTE.replace("'", "''")}' END) AS error_message,
           {time("coalesce(o.placed_at, o.created_at)")} AS placed_at, {time("o.filled_at")} AS filled_at,
           {time("o.canceled_at")} AS canceled_at, {time("o.expired_at")} AS expired_at,
           {time("o.created_at")} AS created_at, {time("o.updated_at")} AS updated_at
    FROM (SELECT o.* FROM orders o {PAGE}) o {POSITION} {NEWEST}
) t
"""
ONE = f"{ORDER} WHERE o.org_id = $1 AND o.id = $2"
OF_LEG = """
SELECT symbol, side, quantity, status, executed_quantity, executed_quote_quantity, refusal, error_message
FROM orders WHERE session_id = $1 AND leg = $2 ORDER BY seq
"""
OF_ROUND = f"{ORDER} WHERE o.org_id = $1 AND o.session_id = $2 AND o.seq = $3 ORDER BY o.leg"


async def orders_written(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None,
    symbol: str | None,
    statuses: Sequence[str] | None,
    limit: int,
    offset: int,
    snapshot: str | None,
) -> Written:
    """Orders, newest first, as the JSON list of ``/api/v1/orders``; the filters combine."""
    wanted = None if statuses is None else list(statuses)
    row = await pool.fetchrow(WRITTEN, org_id, session_id, symbol, wanted, limit, offset, snapshot)
    assert row is not None
    return Written(row["written"].encode(), row["shown"], row["seen"])


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
