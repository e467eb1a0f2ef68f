"""Reading records back from the ledger."""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg

from openoutcry.ledger.chain import record_of
from openoutcry.types.record import CycleRecord

ONE = "SELECT body FROM cycles WHERE session_id = $1 AND seq = $2"
LAST = "SELECT body FROM cycles WHERE session_id = $1 ORDER BY seq DESC LIMIT 1"
PAGE = "SELECT body FROM cycles WHERE session_id = $1 AND seq >= $2 ORDER BY seq LIMIT $3"
PAGE_SIZE = 200


async def record(pool: asyncpg.Pool, session_id: UUID, seq: int) -> CycleRecord | None:
    """One record of a session."""
    body: str | None = await pool.fetchval(ONE, session_id, seq)
    return None if body is None else record_of(body)


async def last_record(pool: asyncpg.Pool, session_id: UUID) -> CycleRecord | None:
    """The newest record of a session."""
    body: str | None = await pool.fetchval(LAST, session_id)
    return None if body is None else record_of(body)


async def records(pool: asyncpg.Pool, session_id: UUID, first: int = 0) -> AsyncIterator[CycleRecord]:
    """The records of a session from number ``first`` on. Raises LedgerBroken for a body that is none."""
    while page := await pool.fetch(PAGE, session_id, first, PAGE_SIZE):
        for row in page:
            read = record_of(row["body"])
            yield read
        first = read.seq + 1
