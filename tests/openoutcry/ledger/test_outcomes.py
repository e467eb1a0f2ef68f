"""Decisions end when their positions close or their horizon passes, and a restart judges as the run did."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.ledger.outcomes import Case, due, judging, rebuild
from openoutcry.types.record import CycleRecord
from tests.factories import HOUR, SETTINGS, Session

RULES = judging(SETTINGS)


def test_the_cost_of_a_round_trip_comes_from_the_venue():
    assert Decimal("0.0022") == RULES.cost
    assert Decimal("0.02") == RULES.calm


def quiet(action: str, moves: list[str], horizon: int = 2) -> tuple[list[CycleRecord], Session]:
    """A decision that trades nothing, then rounds with the price at these factors of its own."""
    session = Session(seed=1)
    first = session.round("HOLD")
    decision = first.decision.model_copy(update={"action": action, "horizon_bars": horizon})
    records = [first.model_copy(update={"decision": decision, "outcomes": ()})]
    quote = first.snapshot.quote
    for number, factor in enumerate(moves, start=1):
        moved = quote.model_copy(update={"price": quote.price * Decimal(factor)}) if factor else None
        at = first.as_of + number * HOUR
        snapshot = first.snapshot.model_copy(update={"quote": moved, "as_of": at})
        records.append(
            first.model_copy(
                update={
                    "seq": first.seq + number,
                    "as_of": at,
                    "snapshot": snapshot,
                    "decision": None,
                    "outcomes": (),
                }
            )
        )
    return records, session


def judge(records: list[CycleRecord]):
    cases: tuple[Case, ...] = ()
    known = []
    for record in records:
        cases, some = due(cases, record, RULES)
        known += [(record.seq, outcome) for outcome in some]
    return cases, known


@pytest.mark.parametrize(
    ("action", "factor", "outcome"),
    [
        ("BUY", "1.01", "SUCCESS"),
        ("BUY", "1.001", "FAILURE"),
        ("SELL", "0.99", "SUCCESS"),
        ("SELL", "1.01", "FAILURE"),
        ("HOLD", "1.019", "SUCCESS"),
        ("HOLD", "0.97", "FAILURE"),
    ],
)
def test_a_decision_that_opened_nothing_is_judged_at_its_horizon(action, factor, outcome):
    records, _ = quiet(action, ["1", factor])
    cases, known = judge(records)
    assert cases == ()
    ((seq, end),) = known
    assert (seq, end.seq, end.outcome, end.pnl) == (records[2].seq, records[0].seq, outcome, 0)


def test_before_its_horizon_it_is_pending_and_a_missing_price_waits_for_the_next():
    records, _ = quiet("BUY", ["1.5", None, "1.01"])
    assert len(judge(records[:2])[0]) == 1
    assert len(judge(records[:3])[0]) == 1
    assert judge(records)[1][0][1].outcome == "SUCCESS"


def test_a_decision_that_opened_a_position_ends_with_its_net_result():
    session = Session(seed=3)
    records = session.run(80, extras=False)
    opened = {p.opened_seq: p for r in records for p in r.closed if p.role == "trade"}
    ends = {known.seq: (known, r) for r in records for known in r.outcomes}
    assert opened
    for seq, position in opened.items():
        known, record = ends[seq]
        net = position.realized_pnl - position.fees
        assert (known.pnl, known.outcome) == (net, "SUCCESS" if net > 0 else "FAILURE")
        assert record.seq == position.closed_seq


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), cut=st.integers(1, 30))
def test_a_rebuild_from_the_records_is_the_state_that_was_lost(seed, cut):
    session = Session(seed=seed)
    records = session.run(cut, extras=False)
    pending = frozenset(case.seq for case in session.cases)
    since = [record for record in records if record.seq >= min(pending, default=10**9)]
    assert rebuild(since, RULES, pending) == session.cases


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000))
def test_every_decision_ends_once_and_never_before_it_was_made(seed):
    session = Session(seed=seed)
    records = session.run(40)
    decided = {r.seq for r in records if r.decision}
    ends = [(known.seq, r.seq) for r in records for known in r.outcomes]
    assert len({seq for seq, _ in ends}) == len(ends)
    assert all(seq in decided and known >= seq for seq, known in ends)
    assert decided - {seq for seq, _ in ends} == {case.seq for case in session.cases}
    latest = max(r.as_of for r in records)
    assert all(case.holding or case.due_at > latest - timedelta(hours=2) for case in session.cases)
