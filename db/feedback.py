"""What people think of decisions: one word each, about a decision they can see."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import asyncpg

from db.seen import SEEN, in_sight

Rating = Literal["positive", "negative"]
FIELDS = "f.id, f.decision_id, f.rating, f.comment, f.tags, f.given_by, f.created_at"
GIVE = """
INSERT INTO feedback (id, org_id, decision_id, rating, comment, tags, given_by)
SELECT gen_random_uuid(), org_id, id, $3, $4, $5, $6 FROM decisions WHERE org_id = $1 AND id = $2
RETURNING id, decision_id, rating, comment, tags, given_by, created_at
"""
OF_DECISION = f"SELECT {FIELDS} FROM feedback f WHERE org_id = $1 AND decision_id = $2 ORDER BY created_at"
LIST = f"""
SELECT {FIELDS}, {SEEN} FROM feedback f WHERE org_id = $1 AND ($2::text IS NULL OR rating = $2)
    AND {in_sight("born", 5)}
ORDER BY created_at DESC, id LIMIT $3 OFFSET $4
"""
STATS = """
SELECT count(*) AS total, count(*) FILTER (WHERE f.rating = 'positive') AS positive,
       count(*) FILTER (WHERE f.rating = 'negative') AS negative,
       count(*) FILTER (WHERE f.rating = 'positive' AND d.outcome = 'SUCCESS'
                           OR f.rating = 'negative' AND d.outcome = 'FAILURE') AS agreeing,
       count(*) FILTER (WHERE d.outcome <> 'PENDING') AS judged
FROM feedback f JOIN decisions d ON d.id = f.decision_id WHERE f.org_id = $1
"""


async def give(
    pool: asyncpg.Pool,
    org_id: UUID,
    decision_id: UUID,
    *,
    rating: Rating,
    comment: str,
    tags: Sequence[str],
    given_by: str,
) -> asyncpg.Record | None:
    """Keep a word about a decision; None when there is no such decision.

    Raises asyncpg.UniqueViolationError when ``given_by`` already had theirs.
    """
    return await pool.fetchrow(GIVE, org_id, decision_id, rating, comment, list(tags), given_by)


async def of_decision(pool: asyncpg.Pool, org_id: UUID, decision_id: UUID) -> list[asyncpg.Record]:
    """Every word about one decision, oldest first."""
    return await pool.fetch(OF_DECISION, org_id, decision_id)


async def list_feedback(
    pool: asyncpg.Pool,
    org_id: UUID,
    rating: Rating | None = None,
    *,
    limit: int = 50,
    offset: int = 0,
    snapshot: str | None = None,
) -> list[asyncpg.Record]:
    """Words about decisions, newest first."""
    return await pool.fetch(LIST, org_id, rating, limit, offset, snapshot)


async def stats(pool: asyncpg.Pool, org_id: UUID) -> asyncpg.Record:
    """``total``, ``positive``, ``negative``; of words on ``judged`` decisions, how many agree."""
    row = await pool.fetchrow(STATS, org_id)
    assert row is not None
    return row
