"""Evaluations that were asked for, kept in the history; when each strategy was last asked, by anyone."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import fetch
from db.strategies.history import By

KEEP = """
INSERT INTO strategy_history (org_id, strategy_id, who, what, version, before, after, reason, forced)
VALUES ($1, $2, $3, 'evaluation', $4, NULL, $5, $6, false)
"""
LAST = """
SELECT s.id, greatest(
    (SELECT max(at) FROM strategy_history h WHERE h.strategy_id = s.id AND h.what = 'evaluation'),
    (SELECT max(created_at) FROM votes v WHERE v.strategy_id = s.id)
) AS at FROM strategies s WHERE s.org_id = $1 AND s.id = ANY($2)
"""


async def keep(
    pool: asyncpg.Pool, org_id: UUID, strategy_id: UUID, version: str, by: By, result: Mapping[str, Any]
) -> None:
    """Keep what an evaluation said. It changes nothing of the strategy: its revision stays, the floor is not woken."""
    await pool.execute(KEEP, org_id, strategy_id, by.who, version, dict(result), by.reason)


async def last(pool: asyncpg.Pool, org_id: UUID, ids: Sequence[UUID]) -> dict[UUID, datetime | None]:
    """When each strategy was last evaluated, for a caller or by a round of the floor (market time)."""
    return {row["id"]: row["at"] for row in await fetch(pool, LAST, org_id, list(ids))}
