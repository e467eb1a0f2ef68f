"""What debates did: pairs of the same rounds, the floor's decision without the debate, costs, and ends that are not known."""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from openoutcry.learning.rebuttals import ALL, FLOOR, Pair, effects, pairs_of
from openoutcry.ledger.outcomes import judging
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot, Debated, MindUse, Vote
from tests.factories import HOUR, SETTINGS, SPOT, Session

SESSION = UUID(int=8)
RULE = judging(SETTINGS)
EAGER = Settings.model_validate({"voting": {"quorum": 1, "min_confidence": 0.05, "min_consensus": 0.1}})


def ballot(agent: str, action: str, confidence: float, cost: str, **more: Any) -> Ballot:
    vote = Vote(
        agent=agent, symbol=SPOT, action=action, confidence=confidence, reasoning="said", horizon_bars=2
    )  # type: ignore[arg-type]
    return Ballot(agent=agent, answer=vote, mind=MindUse(model="anthropic:x", cost_usd=Decimal(cost)), **more)


def debated(record: CycleRecord, *, stood: bool = False) -> CycleRecord:
    """The round with one analyst that said SELL 0.9 for a cent, and after the debate BUY 0.4 for two."""
    first, again = ballot("technical", "SELL", 0.9, "0.01"), ballot("technical", "BUY", 0.4, "0.02")
    counted, other = (first, again) if stood else (again, first)
    one = counted.model_copy(update={"debate": Debated(heard=(), other=other, stood=stood)})
    risk = ballot("risk", "APPROVE", 1.0, "0")
    assert record.decision is not None
    count = record.decision.tally.model_copy(
        update={
            "quorum": 1, "min_consensus": 0.1,
            "weights": tuple(w for w in record.decision.tally.weights if w.agent == "technical"),
        }
    )  # fmt: skip
    decision = record.decision.model_copy(
        update={"action": counted.answer.action, "confidence": 0.4, "horizon_bars": 2, "tally": count}  # type: ignore[union-attr]
    )
    return record.model_copy(update={"ballots": (one, risk), "decision": decision})


def rounds(number: int) -> list[CycleRecord]:
    session = Session(seed=7)
    made = [session.round("HOLD") for _ in range(number)]
    return [record for record in made if record.decision is not None]


def found(record: CycleRecord) -> tuple[Pair, ...]:
    return pairs_of(record, SESSION, HOUR, RULE, EAGER)


def test_a_round_without_a_debate_has_no_pair() -> None:
    assert found(rounds(1)[0]) == ()


def test_the_floor_s_decision_is_held_against_what_the_first_ballots_make() -> None:
    voice, floor = found(debated(rounds(1)[0]))
    assert (voice.before.action, voice.after.action, voice.stood) == ("SELL", "BUY", False)
    assert (voice.first_usd, voice.rebuttal_usd) == (Decimal("0.01"), Decimal("0.02"))
    assert (floor.before.agent, floor.before.action, floor.after.action) == (FLOOR, "SELL", "BUY")
    assert (floor.first_usd, floor.rebuttal_usd) == (Decimal("0.01"), Decimal("0.02"))


def test_what_was_said_is_judged_at_its_own_end_and_compared_when_both_are_known() -> None:
    pairs = [pair for record in rounds(12) for pair in found(debated(record))]
    begin = pairs[0].before.at
    price = pairs[0].before.price
    assert price is not None
    known = begin + 5 * HOUR
    rising = [(begin + n * HOUR, price * 2 ** (n + 1)) for n in range(6)]
    told = {one.agent: one for one in effects(pairs, {SESSION: rising})}
    assert list(told) == ["technical", ALL, FLOOR]
    one = told["technical"]
    assert (one.rounds, one.turned, one.stood) == (12, 12, 0)
    assert one.judged == sum(pair.before.at + timedelta(hours=2) <= known for pair in pairs) // 2
    # Prices rise: SELL 0.9 was wrong, BUY 0.4 is right.
    assert one.brier_before == pytest.approx(0.81) and one.brier_after == pytest.approx(0.36)
    assert (
        one.change == pytest.approx(-0.45) and one.low is None
    )  # four rounds are too few to be sure of anything
    assert (told[ALL].first_usd, told[ALL].rebuttal_usd) == (Decimal("0.12"), Decimal("0.24"))
    assert told[FLOOR].change is not None and told[FLOOR].change < 0
    nothing = effects(pairs, {})
    assert all(one.judged == 0 and one.change is None for one in nothing)
    assert effects([], {}) == ()


def test_a_vote_that_stood_changed_nothing_and_its_rebuttal_was_paid_for() -> None:
    (voice, floor) = found(debated(rounds(1)[0], stood=True))
    assert voice.before == voice.after and voice.stood
    assert voice.rebuttal_usd == Decimal("0.02")
    assert floor.before.action == floor.after.action == "SELL"
