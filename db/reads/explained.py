"""Decisions as an explanation looks back on them."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import Row, fetch

VOTED = """
SELECT session_id, seq, action, model FROM votes
WHERE org_id = $1 AND agent_name = $2 AND created_at > $3 AND created_at <= $4 AND action <> 'ABSTAIN'
ORDER BY created_at DESC, session_id LIMIT $5
"""
CONTEXTS = """
SELECT decision, confidence, context, created_at FROM decisions
WHERE org_id = $1 AND symbol = $2 AND created_at > $3 AND created_at <= $4 ORDER BY created_at DESC LIMIT 1000
"""
PAST = """
SELECT d.id AS decision_id, d.decision, d.confidence, d.reasoning, d.outcome, d.created_at,
       (SELECT count(*) FROM votes v WHERE v.decision_id = d.id) AS votes
FROM decisions d WHERE d.org_id = $1 AND d.symbol = $2 ORDER BY d.created_at DESC, d.id LIMIT $3
"""
SUMS = """
WITH looked AS (SELECT id, session_id, seq, reasoning FROM decisions WHERE org_id = $1 AND created_at > $2 AND created_at <= $3),
     said AS (SELECT v.* FROM votes v JOIN looked d ON d.id = v.decision_id)
SELECT (SELECT count(*) FROM looked) AS decisions,
       (SELECT count(*) FROM looked WHERE reasoning <> '') AS with_reasons,
       (SELECT count(DISTINCT decision_id) FROM said) AS with_votes,
       (SELECT count(*) FROM said) AS votes,
       (SELECT count(*) FROM said WHERE jsonb_array_length(evidence) > 0) AS votes_with_evidence,
       (SELECT count(*) FROM looked d JOIN cycles c USING (session_id, seq)) AS with_record
"""


async def voted(
    pool: asyncpg.Pool, org_id: UUID, agent: str, since: datetime, until: datetime, limit: int
) -> list[Row]:
    """Rounds an agent spoke in, newest first."""
    return await fetch(pool, VOTED, org_id, agent, since, until, limit)


async def contexts(
    pool: asyncpg.Pool, org_id: UUID, symbol: str, since: datetime, until: datetime
) -> list[Row]:
    """What the newest thousand decisions on a symbol saw, and what they were."""
    return await fetch(pool, CONTEXTS, org_id, symbol, since, until)


async def past(pool: asyncpg.Pool, org_id: UUID, symbol: str, limit: int) -> list[Row]:
    """Decisions on a symbol, newest first."""
    return await fetch(pool, PAST, org_id, symbol, limit)


async def sums(pool: asyncpg.Pool, org_id: UUID, since: datetime, until: datetime) -> dict[str, int]:
    """How many decisions there are, and how many of them have what an explanation needs."""
    (row,) = await fetch(pool, SUMS, org_id, since, until)
    return dict(row)
