"""Orders that the venue refused or left unanswered, one after another."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

NEWEST = """
SELECT status, error_message, created_at FROM orders
WHERE session_id = $1 AND symbol = $2 AND refusal IS NULL AND status NOT IN ('INTENT', 'SENT')
    AND coalesce(error_message, '') !~ '^(HALTED|EXPIRED):'
ORDER BY seq DESC, leg DESC LIMIT $3
"""
"""What the gate refused, and what a halt or its age kept back, never came to the venue: it says nothing of it."""


async def newest_orders(pool: asyncpg.Pool, session_id: UUID, symbol: str, most: int) -> Sequence[Row]:
    """A session's newest orders in a symbol that were to be sent, newest first."""
    return await fetch(pool, NEWEST, session_id, symbol, most)
