"""Gathering what an explanation needs: the record, how its decision ended, and the cases like it."""

from uuid import UUID

import asyncpg

from db.records import record
from db.similar import similar
from openoutcry.canonical import derived_id
from openoutcry.errors import BadInput
from openoutcry.explain import Case, Ended, Explanation, explain

LIKE = 3
SESSION = "SELECT org_id, symbol, timeframe FROM sessions WHERE id = $1"
ENDED = "SELECT outcome, actual_pnl, outcome_reason, outcome_known_at FROM decisions WHERE id = $1"


async def explanation(pool: asyncpg.Pool, session_id: UUID, seq: int) -> Explanation:
    """Explain one record of a session. Raises BadInput when there is none."""
    found, session = await record(pool, session_id, seq), await pool.fetchrow(SESSION, session_id)
    if found is None or session is None:
        raise BadInput(f"session {session_id} has no record {seq}", field="decision")
    decision_id = derived_id(session_id, "decision", seq)
    end = await pool.fetchrow(ENDED, decision_id)
    cases = await similar(pool, session["org_id"], decision_id, LIKE) if end else None
    return explain(
        found,
        symbol=session["symbol"],
        timeframe=session["timeframe"],
        decision_id=str(decision_id) if end else None,
        ended=Ended(
            outcome=end["outcome"],
            pnl=end["actual_pnl"],
            reason=end["outcome_reason"],
            known_at=end["outcome_known_at"],
        )
        if end
        else None,
        similar=[
            Case(
                decision_id=str(case["id"]),
                at=case["created_at"],
                symbol=case["symbol"],
                decision=case["decision"],
                confidence=case["confidence"],
                similarity=round(case["similarity"], 4),
                outcome=case["outcome"],
                pnl=case["actual_pnl"],
                reason=case["outcome_reason"],
            )
            for case in cases or ()
        ],
    )
