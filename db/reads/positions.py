"""Positions: open ones, the latest of a symbol, and all of them."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch

POSITION = """
SELECT id, session_id, ordinal, symbol, exchange, side, role,
       CASE WHEN exit_time IS NULL THEN quantity ELSE entry_quantity END AS quantity,
       entry_price, exit_price, entry_time, exit_time, stop_loss, take_profit, realized_pnl, unrealized_pnl, fees,
       entry_reason, exit_reason, opened_seq, closed_seq, created_at, updated_at
FROM positions
"""
OPEN = f"""{POSITION}
WHERE org_id = $1 AND exit_time IS NULL AND ($2::uuid IS NULL OR session_id = $2)
ORDER BY entry_time DESC, ordinal DESC
"""
LATEST = f"""{POSITION}
WHERE org_id = $1 AND symbol = $2 AND ($3::uuid IS NULL OR session_id = $3)
ORDER BY exit_time IS NULL DESC, entry_time DESC, ordinal DESC LIMIT 1
"""
LIST = f"""{POSITION}
WHERE org_id = $1 AND ($2::uuid IS NULL OR session_id = $2) AND ($3::text IS NULL OR symbol = $3)
ORDER BY entry_time DESC, ordinal DESC, id LIMIT $4 OFFSET $5
"""


async def open_positions(pool: asyncpg.Pool, org_id: UUID, session_id: UUID | None = None) -> list[Row]:
    """What is held, newest first."""
    return await fetch(pool, OPEN, org_id, session_id)


async def latest_position(
    pool: asyncpg.Pool, org_id: UUID, symbol: str, session_id: UUID | None = None
) -> Row | None:
    """The open position in a symbol, else the one opened last. ``quantity`` of a closed one is what it had been."""
    return next(iter(await fetch(pool, LATEST, org_id, symbol, session_id)), None)


async def list_positions(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None = None,
    symbol: str | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[Row]:
    """Open and closed positions, newest first."""
    return await fetch(pool, LIST, org_id, session_id, symbol, limit, offset)
