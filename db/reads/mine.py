"""What one caller made: strategies by their owner, backtests by who handed them in."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight

STRATEGIES = (
    "SELECT status, count(*) AS number FROM strategies WHERE org_id = $1 AND owner = $2 GROUP BY status"
)
JOBS = f"""
SELECT status, count(*) AS number FROM jobs
WHERE org_id = $1 AND requested_by = $2 AND kind = 'backtest' AND {in_sight("born", 3)} GROUP BY status
"""
BACKTESTS = f"""
SELECT {SEEN}, id, name, version, status, request, result, started_at, created_at, finished_at, archived_at FROM jobs
WHERE org_id = $1 AND requested_by = $2 AND kind = 'backtest' AND {in_sight("born", 5)}
ORDER BY created_at DESC, id DESC LIMIT $3 OFFSET $4
"""


async def strategies_by_status(pool: asyncpg.Pool, org_id: UUID, owner: str) -> dict[str, int]:
    """How many strategies of each status an owner has."""
    return {row["status"]: row["number"] for row in await fetch(pool, STRATEGIES, org_id, owner)}


async def backtests_by_status(
    pool: asyncpg.Pool, org_id: UUID, who: str, snapshot: str | None = None
) -> dict[str, int]:
    """How many backtests of each status someone handed in."""
    return {row["status"]: row["number"] for row in await fetch(pool, JOBS, org_id, who, snapshot)}


async def backtests(
    pool: asyncpg.Pool, org_id: UUID, who: str, limit: int, offset: int, snapshot: str | None = None
) -> list[Row]:
    """The backtests someone handed in, newest first."""
    return await fetch(pool, BACKTESTS, org_id, who, limit, offset, snapshot)
