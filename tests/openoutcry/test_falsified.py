"""Where a decision is proved wrong: the stop, the voices that fall silent, and the judge's own bar at the horizon."""

from datetime import timedelta
from decimal import Decimal

import pytest

from openoutcry.falsified import Thesis, thesis
from openoutcry.ledger.outcomes import Judging
from openoutcry.recount import as_counted
from openoutcry.settings import Settings
from openoutcry.types.amounts import cents
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot, Vote
from openoutcry.voting.seats import Seat
from openoutcry.voting.tally import tally
from tests.factories import SPOT, Session

SETTINGS = Settings()
JUDGING = Judging(cost=Decimal("0.002"), calm=Decimal("0.02"))
SEATS = [Seat(agent="a"), Seat(agent="b"), Seat(agent="c"), Seat(agent="risk", voice="risk")]


def record_of(*calls: tuple[str, str, float, str | None]) -> CycleRecord:
    """A round, flat before it, in which agents called (agent, action, confidence, stop as a share of the price)."""
    session = Session(seed=7)
    session.run(1, extras=False)
    base = session.round("HOLD")
    flat = base.portfolio_before.model_copy(update={"positions": ()})
    price = base.snapshot.quote.price
    ballots = tuple(
        Ballot(
            agent=agent,
            answer=Vote(
                agent=agent, symbol=SPOT, action=action, confidence=confidence, reasoning="x",
                stop_loss=None if stop is None else cents(price * Decimal(stop)),
            ),
        )
        for agent, action, confidence, stop in calls
    )  # fmt: skip
    decision = tally(base.snapshot, ballots, SEATS, SETTINGS)
    update = {"ballots": ballots, "decision": decision, "portfolio_before": flat, "portfolio_after": flat}
    return base.model_copy(update={**update, "closed": ()})


def of(record: CycleRecord) -> Thesis:
    found = thesis(record, as_counted(SETTINGS, record.decision), JUDGING)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("action", "near", "far", "claim", "side", "even"),
    [
        ("BUY", "0.98", "0.96", "rise", "at_or_below", "1.002"),
        ("SELL", "1.02", "1.04", "fall", "at_or_above", "0.998"),
    ],
)
def test_a_move_is_wrong_at_the_stop_when_its_voices_leave_or_short_of_its_costs(
    action: str, near: str, far: str, claim: str, side: str, even: str
) -> None:
    found = of(record_of(("a", action, 0.8, near), ("b", action, 0.8, far), ("risk", "APPROVE", 0.9, None)))
    price = found.price
    by_kind = {level.kind: level for level in found.levels}
    assert found.claim == claim and {level.side for level in found.levels} == {side}
    # without `a` there is no quorum: its stop ends the case, before the floor's own
    assert (by_kind["voices"].price, by_kind["voices"].agents) == (cents(price * Decimal(near)), ("a",))
    assert by_kind["horizon"].price == found.break_even == cents(price * Decimal(even))
    assert found.falsified_at == min(
        (level.price for level in found.levels if level.kind != "horizon"), key=lambda at: abs(at - price)
    )


def test_a_voice_that_is_not_needed_ends_nothing() -> None:
    record = record_of(
        ("a", "BUY", 0.8, "0.99"), ("b", "BUY", 0.8, "0.97"), ("c", "BUY", 0.8, "0.95"), ("risk", "APPROVE", 0.9, None)
    )  # fmt: skip
    voices = next(level for level in of(record).levels if level.kind == "voices")
    assert voices.agents == ("a", "b")


def test_a_vote_without_stops_is_judged_at_its_horizon_alone() -> None:
    record = record_of(("a", "BUY", 0.8, None), ("b", "BUY", 0.8, None), ("risk", "APPROVE", 0.9, None))
    found = of(record)
    assert found.falsified_at is None
    assert [level.kind for level in found.levels] == ["horizon"]
    assert found.horizon_at == record.as_of + timedelta(hours=record.decision.horizon_bars)


def test_sitting_out_is_wrong_on_either_side_of_calm() -> None:
    found = of(record_of(("a", "HOLD", 0.8, None), ("b", "HOLD", 0.8, None)))
    assert (found.claim, found.break_even, found.falsified_at) == ("calm", None, None)
    assert [(level.side, round(level.distance, 3)) for level in found.levels] == [
        ("at_or_below", -0.02),
        ("at_or_above", 0.02),
    ]


def test_a_record_without_a_decision_has_no_thesis() -> None:
    opening = Session(seed=7).run(1)[0]
    assert thesis(opening, SETTINGS, JUDGING) is None
