"""Which models said how much on which days: what a report needs to say whether they may have read what came."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from db.pool import fetch
from openoutcry.minds.contamination import TRUSTED, Cutoffs, Said, day_of, mark

SAID = """
SELECT v.agent_name, v.model, (v.created_at AT TIME ZONE 'UTC')::date AS day, d.source, count(*) AS decisions
FROM votes v JOIN decisions d ON d.id = v.decision_id
WHERE v.org_id = $1 AND v.model LIKE '%:%' AND ($2::uuid IS NULL OR v.session_id = $2) AND ($3::bigint IS NULL OR v.seq = $3)
    AND ($4::text IS NULL OR v.symbol = $4) AND ($5::text IS NULL OR $5 = 'signal' OR v.decision_type = $5)
    AND ($6::timestamptz IS NULL OR v.created_at >= $6) AND ($7::timestamptz IS NULL OR v.created_at <= $7)
GROUP BY 1, 2, 3, 4
"""
MINDS = """
SELECT v.decision_id, v.model, d.created_at, d.source FROM votes v JOIN decisions d ON d.id = v.decision_id
WHERE v.org_id = $1 AND v.decision_id = ANY($2) AND v.model LIKE '%:%'
"""
ORG = "SELECT org_id FROM sessions WHERE id = $1"


async def said_by_models(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    session_id: UUID | None = None,
    seq: int | None = None,
    symbol: str | None = None,
    decision_type: str | None = None,
    from_date: datetime | None = None,
    to_date: datetime | None = None,
) -> list[Said]:
    """The votes and abstentions that models gave behind the decisions that a list with these filters has, by day."""
    rows = await fetch(pool, SAID, org_id, session_id, seq, symbol, decision_type, from_date, to_date)
    return [
        Said(row["agent_name"], row["model"], row["day"], row["source"], row["decisions"]) for row in rows
    ]


async def said_in_session(pool: asyncpg.Pool, session_id: UUID, seq: int | None = None) -> list[Said]:
    """The same of one session, or of one of its rounds."""
    org_id = await pool.fetchval(ORG, session_id)
    return [] if org_id is None else await said_by_models(pool, org_id, session_id=session_id, seq=seq)


async def perhaps_read(
    pool: asyncpg.Pool, org_id: UUID, decisions: Sequence[UUID], cutoffs: Cutoffs
) -> set[UUID]:
    """Those of the decisions in which a model took part that may have read in training what came, or of which nobody knows."""
    rows = await fetch(pool, MINDS, org_id, list(decisions))
    return {
        row["decision_id"]
        for row in rows
        if mark(row["model"], day_of(row["created_at"]), row["source"], cutoffs) not in TRUSTED
    }
