"""Budgets of risk: held against the definition, and against an optimiser that knows nothing of ours."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from openoutcry.errors import BadInput
from openoutcry.risk.budget import advise, budgeted, equal_risk, framed

COVARIANCE = np.array([[0.36, 0.20, 0.05], [0.20, 0.64, 0.10], [0.05, 0.10, 0.16]])
NAMES = ("BTC", "ETH", "SOL")


def test_equal_risk_is_what_an_optimiser_finds():
    found = equal_risk(COVARIANCE)
    best = minimize(
        lambda x: 0.5 * x @ COVARIANCE @ x - np.log(x).sum() / 3,
        np.ones(3),
        bounds=[(1e-6, None)] * 3,
        tol=1e-14,
    ).x
    assert found == pytest.approx(best / best.sum(), abs=1e-5)


@given(st.integers(1, 6), st.integers(0, 10_000))
def test_every_asset_has_the_same_part_of_the_risk(count, seed):
    draws = np.random.default_rng(seed).normal(size=(40, count)) @ np.diag(np.arange(1, count + 1))
    covariance = np.atleast_2d(np.cov(draws, rowvar=False))
    found = equal_risk(covariance)
    parts = found * (covariance @ found)
    assert found.sum() == pytest.approx(1)
    assert parts / parts.sum() == pytest.approx(np.full(count, 1 / count), abs=1e-6)


def test_contributions_add_up_to_the_volatility_and_a_hedge_takes_away():
    weights = {"BTC": 0.6, "ETH": -0.1}
    budget = budgeted(weights, NAMES, COVARIANCE, framed(1.0, 1.0), 1.0)
    held = np.array([0.6, -0.1, 0.0])
    assert budget.volatility == pytest.approx(np.sqrt(held @ COVARIANCE @ held))
    assert sum(share.contribution for share in budget.shares) == pytest.approx(budget.volatility)
    assert budget.shares[1].contribution < 0
    assert budget.utilization == pytest.approx(budget.volatility / 0.15)
    assert budget.leverage == pytest.approx(0.7)


def test_targets_meet_the_volatility_or_the_limits_whichever_comes_first():
    free = budgeted({}, NAMES, COVARIANCE, framed(1.0, 1.0), 10.0)
    assert free.target_volatility == pytest.approx(0.15)
    calm = budgeted({}, NAMES, COVARIANCE / 1e4, framed(1.0, 1.0), 1.0)
    assert sum(share.target_weight for share in calm.shares) == pytest.approx(1.0)


def test_what_is_asked_for():
    over = advise(budgeted({"BTC": 1.0}, NAMES, COVARIANCE, framed(1.0, 1.0), 1.0))
    assert (over.needed, over.priority) == (True, "high")
    assert over.improvement == pytest.approx(0.6 - 0.15)
    nothing = advise(budgeted({}, NAMES, COVARIANCE, framed(1.0, 1.0), 1.0))
    assert (nothing.needed, nothing.priority, nothing.reasons) == (False, "none", ())
    even = budgeted({}, NAMES, COVARIANCE, framed(1.0, 1.0), 1.0)
    kept = advise(
        budgeted({s.asset: s.target_weight for s in even.shares}, NAMES, COVARIANCE, framed(1.0, 1.001), 1.0)
    )
    assert not kept.needed


def test_what_does_not_move_takes_no_share():
    with pytest.raises(BadInput):
        equal_risk(np.array([[0.0]]))
