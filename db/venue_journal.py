"""What happened at a session's real venue: an append-only list of events, numbered from 1 without gaps."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying

READ = "SELECT number, first, cause, event FROM venue_events WHERE session_id = $1 ORDER BY number"
WRITE = """
INSERT INTO venue_events (session_id, org_id, number, first, cause, event)
SELECT $1, $2, $3 + n, $3 + 1, $4, e.event
FROM unnest($5::jsonb[]) WITH ORDINALITY AS e (event, n)
"""
SETTLED = "UPDATE venue_sends SET state = $2 WHERE client_order_id = $1 AND state <> $2"


async def read(pool: asyncpg.Pool, session_id: UUID) -> list[Row]:
    """Every event with its number, the number its transaction began at and the transaction's cause."""

    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, READ, session_id)

    return await retrying(pool, work)


async def append(
    pool: asyncpg.Pool,
    session_id: UUID,
    org_id: UUID,
    last: int,
    cause: str,
    events: Sequence[dict[str, Any]],
    settled: tuple[str, str] | None = None,
) -> bool:
    """Write one transaction after event ``last``; ``settled`` is an order's name and the new state of its send.

    False when another writer was there first, or a trade is booked already: read again. Repeated after a lost commit
    it finds its own events, and says False.
    """

    async def work(connection: Connection) -> None:
        await connection.execute(WRITE, session_id, org_id, last, cause, list(events))
        if settled is not None:
            await connection.execute(SETTLED, *settled)

    try:
        await retrying(pool, work)
    except asyncpg.UniqueViolationError:
        return False
    return True
