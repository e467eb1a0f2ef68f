"""Orders that may have left for a real venue: noted before the first byte, kept for ever."""

from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying

NOTE = """
INSERT INTO venue_sends (client_order_id, session_id, org_id, exchange, seq, request, sent_at, state)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING client_order_id
"""
COLUMNS = "client_order_id, session_id, org_id, exchange, seq, request, sent_at, state"
FIND = f"SELECT {COLUMNS} FROM venue_sends WHERE client_order_id = $1"
AGAIN = "UPDATE venue_sends SET sent_at = $2 WHERE client_order_id = $1 AND state = 'OPEN'"
OPEN = f"SELECT {COLUMNS} FROM venue_sends WHERE state = 'OPEN' ORDER BY sent_at LIMIT 100"
ALARM = """
UPDATE venue_sends SET alarmed_at = now()
WHERE client_order_id = $1 AND state = 'OPEN' AND alarmed_at IS NULL RETURNING client_order_id
"""


async def note(
    pool: asyncpg.Pool,
    client_order_id: str,
    session_id: UUID,
    org_id: UUID,
    exchange: str,
    seq: int,
    request: dict[str, Any],
    at: datetime,
    state: str = "OPEN",
) -> bool:
    """Commit that the order may be leaving from now on. False when its name was used before: it must not leave."""

    async def work(connection: Connection) -> bool:
        found = await connection.fetchval(
            NOTE, client_order_id, session_id, org_id, exchange, seq, request, at, state
        )
        return found is not None

    return await retrying(pool, work)


async def sent_again(pool: asyncpg.Pool, client_order_id: str, at: datetime) -> None:
    """Move the time that absence counts from: the same order, refused because of the clock, is signed and sent anew."""

    async def work(connection: Connection) -> None:
        await connection.execute(AGAIN, client_order_id, at)

    await retrying(pool, work)


async def find(pool: asyncpg.Pool, client_order_id: str) -> Row | None:
    """The send of that name."""

    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, FIND, client_order_id)

    rows = await retrying(pool, work)
    return rows[0] if rows else None


async def unresolved(pool: asyncpg.Pool) -> list[Row]:
    """Sends of which nobody knows the outcome, oldest first."""
    return await fetch(pool, OPEN)


async def alarm_once(pool: asyncpg.Pool, client_order_id: str) -> bool:
    """True for the one caller who is to raise the alarm about an order that stays unknown."""
    return await pool.fetchval(ALARM, client_order_id) is not None
