"""What a decision hung on, recounted from a record."""

import pytest

from api.recounted import leave_one_out, nearest_flip, tallied
from openoutcry.recount import as_counted
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot, Vote
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.factories import SPOT, Session

SETTINGS = Settings()
SEATS = [Seat(agent="a"), Seat(agent="b"), Seat(agent="c", weight=0.5), Seat(agent="risk", voice="risk")]


def record_of(*calls: tuple[str, str, float]) -> CycleRecord:
    """A round in which agents called (agent, action, confidence)."""
    session = Session(seed=7)
    session.run(1, extras=False)
    base = session.round("HOLD")
    ballots = tuple(
        Ballot(
            agent=agent,
            answer=Vote(agent=agent, symbol=SPOT, action=action, confidence=confidence, reasoning="x"),
        )
        for agent, action, confidence in calls
    )
    decision = tally(base.snapshot, ballots, SEATS, SETTINGS)
    return base.model_copy(update={"ballots": ballots, "decision": decision})


def test_the_recount_without_nobody_is_the_decision_itself():
    record = record_of(("a", "BUY", 0.8), ("b", "BUY", 0.7), ("c", "SELL", 0.2), ("risk", "APPROVE", 0.9))
    settings = as_counted(SETTINGS, record.decision)
    again = tally(record.snapshot, record.ballots, SEATS, settings)
    assert again == record.decision
    counted = tallied(record.decision, settings)
    assert (counted.scores, counted.rule) == (record.decision.tally.scores, "majority")


def test_without_the_risk_voice_an_entry_is_blocked_and_that_is_a_change():
    record = record_of(("a", "BUY", 0.8), ("b", "BUY", 0.7), ("risk", "APPROVE", 0.9))
    without = {w.agent: w for w in leave_one_out(record, SETTINGS)}
    assert (without["risk"].decision, without["risk"].changed) == ("BUY", True)
    assert without["risk"].entries_blocked
    assert (without["a"].decision, without["a"].changed) == ("HOLD", True)  # no quorum


def test_a_hold_does_not_hang_on_who_could_have_blocked_it():
    record = record_of(("a", "HOLD", 0.8), ("b", "HOLD", 0.7), ("risk", "APPROVE", 0.9))
    assert not any(w.changed for w in leave_one_out(record, SETTINGS))


def test_the_closest_call_is_the_smallest_change_and_really_turns_it():
    record = record_of(("a", "BUY", 0.6), ("b", "SELL", 0.35), ("c", "BUY", 0.1), ("risk", "APPROVE", 0.9))
    assert record.decision.action == "HOLD"
    flip = nearest_flip(record, SETTINGS)
    assert flip is not None
    turned = record_of(
        *[
            (b.agent, b.answer.action, flip.needed if b.agent == flip.agent else b.answer.confidence)
            for b in record.ballots
        ]
    )
    assert turned.decision.action == flip.decision != record.decision.action
    assert flip.distance == pytest.approx(abs(flip.needed - flip.confidence))


def test_a_unanimous_floor_may_have_no_closest_call():
    record = record_of(("a", "HOLD", 1.0), ("b", "HOLD", 1.0), ("risk", "VETO", 1.0))
    assert nearest_flip(record, SETTINGS) is None
