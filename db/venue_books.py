"""What is booked of an account at a venue, and what every comparison with the venue found. Only ever added to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, Row, fetch, retrying

READ = "SELECT number, kind, key, body FROM venue_books WHERE account = $1 ORDER BY number"
TURN = "SELECT pg_advisory_xact_lock(hashtextextended('venue_books:' || $1, 0))"
LAST = "SELECT coalesce(max(number), 0) AS number FROM venue_books WHERE account = $1"
WRITTEN = "SELECT count(*) FROM venue_books WHERE account = $1 AND key = ANY($2)"
WRITE = """
INSERT INTO venue_books (org_id, account, kind, key, body) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account, key) DO NOTHING
"""
OURS = """
SELECT s.client_order_id, o.venue_order_id, s.request ->> 'symbol' AS symbol, s.request ->> 'side' AS side,
       (s.request ->> 'quantity')::numeric AS quantity, coalesce(o.executed_quantity, 0) AS executed_quantity,
       coalesce(o.status, 'SENT') AS status
FROM venue_sends s LEFT JOIN orders o USING (client_order_id) WHERE s.exchange = $1 AND s.org_id = $2
"""
UNDER_WAY = """
SELECT EXISTS (
    SELECT FROM venue_sends WHERE exchange = $1 AND org_id = $2 AND (state = 'OPEN' OR sent_at > $3)
)
"""
ADOPTED = """
SELECT EXISTS (SELECT FROM venue_books WHERE org_id = $1 AND kind = 'order' AND key = 'order:' || $2)
"""
KEPT_DAYS = 7
"""How long a comparison that found nothing is kept; one that found something stays."""
NOTE = f"""
WITH old AS (
    DELETE FROM reconciliations
    WHERE org_id = $1 AND account = $2 AND at < $4::timestamptz - interval '{KEPT_DAYS} days' AND differences = '[]'
)
INSERT INTO reconciliations (org_id, account, exchange, at, differences, halts) VALUES ($1, $2, $3, $4, $5, $6)
"""
LATEST = """
SELECT account, exchange, at, differences, halts FROM reconciliations
WHERE org_id = $1 AND (NOT $3::boolean OR differences <> '[]') ORDER BY number DESC LIMIT $2
"""


async def read(pool: asyncpg.Pool, account: str) -> list[Row]:
    """Everything booked, in order: ``number``, ``kind``, ``key``, ``body``."""

    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, READ, account)

    return await retrying(pool, work)


async def last(pool: asyncpg.Pool, account: str) -> int:
    """The number of the newest entry, 0 when there is none."""

    async def work(connection: Connection) -> int:
        return int(await connection.fetchval(LAST, account))

    return await retrying(pool, work, begin=False)


async def book(
    pool: asyncpg.Pool,
    org_id: UUID,
    account: str,
    rows: Sequence[tuple[str, str, dict[str, Any]]],
    after: int,
) -> bool:
    """Add (kind, key, body) rows, all or none; a key that is there stays as it is.

    False, and nothing is added, when entry ``after`` is not the newest any more: what was to be booked follows from books that
    are out of date.
    """
    tries = 0

    async def work(connection: Connection) -> bool:
        nonlocal tries
        tries += 1
        await connection.execute(TURN, account)
        if await connection.fetchval(LAST, account) != after:
            # the answer to an earlier try may have been lost on its way: then these very rows are there
            there = await connection.fetchval(WRITTEN, account, [key for _, key, _ in rows])
            return tries > 1 and there == len(rows)
        for row in rows:
            await connection.execute(WRITE, org_id, account, *row)
        return True

    return await retrying(pool, work)


async def orders(pool: asyncpg.Pool, exchange: str, org_id: UUID) -> list[Row]:
    """Every order of ours that may have left for the exchange, as our books have it."""

    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, OURS, exchange, org_id)

    return await retrying(pool, work)


async def under_way(pool: asyncpg.Pool, exchange: str, org_id: UUID, since: datetime) -> bool:
    """Whether an order of ours was sent after ``since``, or nobody knows yet what became of one."""

    async def work(connection: Connection) -> bool:
        return bool(await connection.fetchval(UNDER_WAY, exchange, org_id, since))

    return await retrying(pool, work)


async def adopted(pool: asyncpg.Pool, org_id: UUID, client_order_id: str) -> bool:
    """Whether an order of that name was found at the exchange and adopted as not ours."""

    async def work(connection: Connection) -> bool:
        return bool(await connection.fetchval(ADOPTED, org_id, client_order_id))

    return await retrying(pool, work, begin=False)


async def note(
    pool: asyncpg.Pool,
    org_id: UUID,
    account: str,
    exchange: str,
    at: datetime,
    differences: list[dict[str, Any]],
    halts: dict[str, str],
) -> None:
    """Keep what a comparison found."""

    async def work(connection: Connection) -> None:
        await connection.execute(NOTE, org_id, account, exchange, at, differences, halts)

    await retrying(pool, work)


async def latest(pool: asyncpg.Pool, org_id: UUID, count: int, *, differing: bool = False) -> list[Row]:
    """The newest comparisons, newest first; ``differing``: those that found something."""

    async def work(connection: Connection) -> list[Row]:
        return await fetch(connection, LATEST, org_id, count, differing)

    return await retrying(pool, work)
