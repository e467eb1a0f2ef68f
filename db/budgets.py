"""Budgets of risk as they were looked at: appended, read back newest first."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

ADD = """
INSERT INTO risk_budgets (id, org_id, as_of, adopted, forced, reason, requested_by, figures)
VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, $7) RETURNING id, created_at
"""
COLUMNS = "id, as_of, adopted, forced, reason, requested_by, figures, created_at"
SINCE = f"""
SELECT {COLUMNS} FROM risk_budgets WHERE org_id = $1 AND as_of >= $2 AND as_of <= $3
ORDER BY as_of DESC, created_at DESC, id LIMIT 1000
"""
ADOPTED = f"""
SELECT {COLUMNS} FROM risk_budgets WHERE org_id = $1 AND adopted AND as_of <= $2
ORDER BY as_of DESC, created_at DESC LIMIT 1
"""


async def add(
    pool: asyncpg.Pool,
    org_id: UUID,
    as_of: datetime,
    *,
    adopted: bool,
    forced: bool,
    reason: str,
    requested_by: str,
    figures: Mapping[str, Any],
) -> Row:
    """Keep a look; returns its ``id`` and ``created_at``."""
    (row,) = await fetch(pool, ADD, org_id, as_of, adopted, forced, reason, requested_by, dict(figures))
    return row


async def since(pool: asyncpg.Pool, org_id: UUID, first: datetime, last: datetime) -> list[Row]:
    """Those of a stretch of market time, newest first."""
    return await fetch(pool, SINCE, org_id, first, last)


async def in_force(pool: asyncpg.Pool, org_id: UUID, as_of: datetime) -> Row | None:
    """The one whose targets were adopted last."""
    return next(iter(await fetch(pool, ADOPTED, org_id, as_of)), None)
