"""Scores of confidences, held against scikit-learn's and against bins counted by hand."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import brier_score_loss, log_loss

from openoutcry.proportion import wilson
from openoutcry.voting.calibration import calibrate
from openoutcry.voting.hindsight import Judged, Said, judge

AT = datetime(2024, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = UUID(int=1)


def judged(confidence: float, right: bool) -> Judged:
    return Judged("a", SESSION, AT, AT + HOUR, "BUY", confidence, right, 0.01, 0.008)


def said(hour: int, action: str, horizon: int = 2, price: float | None = 100.0) -> Said:
    return Said("a", SESSION, AT + hour * HOUR, action, 0.7, price, HOUR, horizon, 0.003, 0.02)


def test_scores_are_scikit_learns():
    rng = np.random.default_rng(5)
    said, right = rng.uniform(0.02, 0.98, 300), rng.uniform(size=300) < 0.5
    found = calibrate([judged(float(p), bool(y)) for p, y in zip(said, right, strict=True)])
    assert found.brier == pytest.approx(brier_score_loss(right, said))
    assert found.log_loss == pytest.approx(log_loss(right, said))
    share = right.mean()
    assert found.brier_skill == pytest.approx(1 - brier_score_loss(right, said) / (share * (1 - share)))
    edges = np.ceil(said * 10).astype(int) - 1
    ece = sum(
        (edges == b).sum() / 300 * abs(right[edges == b].mean() - said[edges == b].mean())
        for b in range(10)
        if (edges == b).any()
    )
    assert found.ece == pytest.approx(ece)
    assert [row.count for row in found.bins] == [int((edges == b).sum()) for b in range(10)]


def test_without_a_case_nothing_is_claimed():
    found = calibrate([])
    assert found[:6] == (0, None, None, None, None, None)
    assert all(row.count == 0 and row.accuracy is None for row in found.bins)


def test_a_certain_error_costs_much_but_not_infinitely():
    assert calibrate([judged(1.0, False)]).log_loss == pytest.approx(-np.log(1e-6))


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60))
def test_every_case_is_in_one_bin_and_every_score_in_its_bounds(cases):
    found = calibrate([judged(p, y) for p, y in cases])
    assert sum(row.count for row in found.bins) == found.cases == len(cases)
    assert 0 <= found.brier <= 1
    assert 0 <= found.ece <= 1
    for row in found.bins:
        if row.count:
            assert row.lower <= row.mean_confidence <= row.upper + 1e-9
            assert row.low <= row.accuracy <= row.high


def test_the_interval_is_the_published_one():
    assert wilson(8, 10) == pytest.approx((0.49016, 0.94331), abs=1e-4)
    assert wilson(0, 0) is None


@pytest.mark.parametrize(
    ("action", "price", "right", "gain"),
    [
        ("BUY", 101.0, True, 0.007),
        ("BUY", 100.2, False, -0.001),
        ("SELL", 99.0, True, 0.007),
        ("SELL", 101.0, False, -0.013),
        ("HOLD", 101.9, True, 0.0),
        ("HOLD", 97.0, False, 0.0),
    ],
)
def test_a_vote_is_judged_by_the_price_at_its_horizon(action, price, right, gain):
    line = [(AT, 100.0), (AT + HOUR, 500.0), (AT + 2 * HOUR, price), (AT + 3 * HOUR, 1.0)]
    (one,), pending = judge([said(0, action)], {SESSION: line})
    assert (one.right, one.known_at, pending) == (right, AT + 2 * HOUR, 0)
    assert one.gain == pytest.approx(gain)


def test_what_is_not_known_yet_is_pending_and_later_prices_change_nothing():
    line = [(AT + n * HOUR, 100.0 + n) for n in range(10)]
    votes = [said(n, "BUY") for n in range(10)]
    before, waiting = judge(votes[:5], {SESSION: line[:5]})
    after, _ = judge(votes, {SESSION: line})
    assert after[: len(before)] == before
    assert (len(before), waiting) == (3, 2)
    assert judge([said(0, "BUY", price=None)], {SESSION: line}) == ([], 1)
