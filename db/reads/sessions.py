"""Trading sessions and their equity curves."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight

SESSION = """
SELECT id, org_id, mode, status, symbol, hedge_symbol, exchange, timeframe, source, seed, initial_capital,
       final_capital, config_digest, stats, head_seq, head_hash, as_of, started_at, stopped_at, created_at, updated_at
FROM sessions
"""
LIST = f"""{SESSION.replace("SELECT", f"SELECT {SEEN},", 1)}
WHERE org_id = $1 AND ($2::text IS NULL OR $2 IN (symbol, hedge_symbol)) AND ($3::text IS NULL OR status = $3)
    AND {in_sight("born", 6)}
ORDER BY status = 'STOPPED', started_at DESC, symbol, id LIMIT $4 OFFSET $5
"""
ONE = f"{SESSION} WHERE org_id = $1 AND id = $2"
EQUITY = """
SELECT seq, as_of, equity, cash, drawdown FROM (
    SELECT *, row_number() OVER (ORDER BY seq DESC) - 1 AS back, count(*) OVER () AS total
    FROM equity WHERE session_id = $1
) e WHERE back % greatest(1, ceil(total::numeric / $2)::bigint) = 0 ORDER BY seq
"""


async def list_sessions(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    symbol: str | None = None,
    status: str | None = None,
    limit: int = 50,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[Row]:
    """Sessions, those not stopped first, then the newest. ``stats`` is the JSON of SessionStats."""
    return await fetch(pool, LIST, org_id, symbol, status, limit, offset, snapshot)


async def get_session(pool: asyncpg.Pool, org_id: UUID, session_id: UUID) -> Row | None:
    """One session."""
    return next(iter(await fetch(pool, ONE, org_id, session_id)), None)


async def equity(pool: asyncpg.Pool, session_id: UUID, points: int = 1000) -> list[Row]:
    """The equity curve, oldest first, thinned evenly to at most ``points``; the newest is always there."""
    return await fetch(pool, EQUITY, session_id, points)
