"""An explanation out of the database has the three most similar cases that had ended, and how this one did."""

from uuid import UUID

from db.explanation import explanation
from openoutcry.telling import tell
from tests.factories import Session


async def test_a_late_round_knows_cases_and_its_end(pool, write):
    session = Session(seed=7)
    made = session.run(50)
    await write(session, made)
    late = next(r for r in reversed(made[:40]) if r.decision)
    found = await explanation(pool, session.facts.session_id, late.seq)
    assert len(found.similar) == 3
    assert all(case.at < late.as_of and case.outcome != "PENDING" for case in found.similar)
    assert found.ended.outcome in ("SUCCESS", "FAILURE")
    assert found.record_hash == await pool.fetchval("SELECT hash FROM cycles WHERE seq = $1", late.seq)
    assert found.ended.reason is not None and found.ended.reason in tell(found)
    assert {one.agent for one in found.without} >= {"technical"} and found.thesis is not None
    assert "Where it is proved wrong" in tell(found) and "without technical: " in tell(found)
    opening = await explanation(pool, session.facts.session_id, 0)
    assert (opening.kind, opening.similar) == ("OPEN", ())
    assert await explanation(pool, session.facts.session_id, 10**6) is None
    assert await explanation(pool, UUID(int=1), 0) is None
