"""An explanation out of the database: the record, how it ended, and the three most similar cases before it."""

from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.records import record
from db.settings_told import settings_at
from db.similar import figures_of, similar
from openoutcry.explain import Case, Ended, Explanation, explain
from openoutcry.ledger.outcomes import judging
from openoutcry.minds.contamination import NOBODY_KNOWS, Cutoffs

CASES = 3
SESSION = "SELECT org_id, symbol, timeframe FROM sessions WHERE id = $1"
ENDED = """
SELECT id, outcome, actual_pnl, outcome_reason, outcome_known_at FROM decisions WHERE session_id = $1 AND seq = $2
"""


async def explanation(
    pool: asyncpg.Pool, session_id: UUID, seq: int, cutoffs: Cutoffs = NOBODY_KNOWS
) -> Explanation | None:
    """Why a round ended as it did; None when there is no such record. ``cutoffs`` say until when models have read."""
    found = await record(pool, session_id, seq)
    session = next(iter(await fetch(pool, SESSION, session_id)), None)
    if found is None or session is None:
        return None
    row = next(iter(await fetch(pool, ENDED, session_id, seq)), None)
    like = await similar(pool, session["org_id"], row["id"], CASES) if row else None
    opening, in_force = await settings_at(pool, session_id, 0), await settings_at(pool, session_id, seq)
    return explain(
        found,
        symbol=session["symbol"],
        timeframe=session["timeframe"],
        decision_id=str(row["id"]) if row else None,
        ended=_ended(row) if row else None,
        similar=[Case(**figures_of(one), reason=one["outcome_reason"]) for one in like or ()],
        settings=in_force,
        judging=judging(opening) if opening else None,
        cutoffs=cutoffs,
    )


def _ended(row: Row) -> Ended:
    return Ended(
        outcome=row["outcome"],
        pnl=row["actual_pnl"],
        reason=row["outcome_reason"],
        known_at=row["outcome_known_at"],
    )
