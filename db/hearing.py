"""What became of live sessions' orders at their exchange that no record tells yet, by our own books of the account."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.patient import patient
from db.pool import Row, fetch
from openoutcry.types.orders import FINAL

MOST = 100
NEWEST = f"""
SELECT body->>'symbol' AS symbol, body->>'trade_id' AS trade_id, body->>'client_order_id' AS client_order_id
FROM venue_books WHERE account = $1 AND kind = 'fill' ORDER BY number DESC LIMIT {MOST}
"""
UNTOLD = """
SELECT s.id AS session_id, t.client_order_id, t.trade_id
FROM unnest($2::text[], $3::text[]) WITH ORDINALITY AS t (client_order_id, trade_id, place)
JOIN venue_sends v ON v.client_order_id = t.client_order_id AND v.org_id = $1
JOIN sessions s ON s.id = v.session_id AND s.mode = 'LIVE' AND s.status <> 'STOPPED'
LEFT JOIN orders o ON o.client_order_id = t.client_order_id
LEFT JOIN fills f ON f.session_id = s.id AND f.trade_id = t.trade_id
WHERE CASE WHEN t.trade_id IS NULL THEN o.status <> ALL($4::text[]) ELSE f.id IS NULL END
ORDER BY t.place
"""


class Noticed(NamedTuple):
    """A fill of an order at its exchange, by its name in the ledger, or with None the order's end."""

    client_order_id: str
    trade_id: str | None


async def newest_fills(pool: asyncpg.Pool, account: str) -> list[Row]:
    """Our orders' fills that were booked last, newest first: ``symbol``, the venue's ``trade_id``, ``client_order_id``."""
    return await fetch(patient(pool), NEWEST, account)


async def untold(pool: asyncpg.Pool, org_id: UUID, noticed: Sequence[Noticed]) -> list[tuple[UUID, Noticed]]:
    """What of ``noticed`` no record of an open live session tells, in the same order, each with its session."""
    names, trades = [one.client_order_id for one in noticed], [one.trade_id for one in noticed]
    rows = await fetch(patient(pool), UNTOLD, org_id, names, trades, sorted(FINAL))
    return [(row["session_id"], Noticed(row["client_order_id"], row["trade_id"])) for row in rows]
