"""Overfitting statistics: the published examples, a case by hand, and what noise and an edge must give."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.backtest.overfitting import (
    SharpeEstimate,
    backtest_overfitting,
    deflated_sharpe,
    estimate,
    expected_best_sharpe,
    min_track_record,
    probabilistic_sharpe,
    trials_variance,
)

DAYS = 250


def sharpe(returns) -> float:
    deviation = np.std(returns, ddof=1)
    return float(np.mean(returns) / deviation) if deviation > 1e-15 else 0.0


def test_deflated_sharpe_of_the_paper():
    """The Deflated Sharpe Ratio (2014), numerical example: SR 2.5 a year, five years, 100 trials of variance 1/2."""
    track = SharpeEstimate(2.5 / math.sqrt(DAYS), skewness=-3, kurtosis=10, periods=1250)
    assert expected_best_sharpe(100, 0.5 / DAYS) == pytest.approx(0.1132, abs=5e-5)
    assert deflated_sharpe(track, 100, 0.5 / DAYS) == pytest.approx(0.9004, abs=5e-5)
    assert deflated_sharpe(track, 46, 0.5 / DAYS) == pytest.approx(0.9505, abs=5e-5)


def test_probabilistic_sharpe_of_the_paper():
    """The Sharpe Ratio Efficient Frontier (2012): 24 months, SR 0.458, skewness -2.448, kurtosis 10.164."""
    track = SharpeEstimate(0.458, skewness=-2.448, kurtosis=10.164, periods=24)
    assert probabilistic_sharpe(track) == pytest.approx(0.913, abs=5e-4)
    assert probabilistic_sharpe(SharpeEstimate(track.value, 0, 3, 24)) == pytest.approx(0.982, abs=5e-4)


@pytest.mark.parametrize(
    ("a_year", "skewness", "kurtosis", "years"),
    [(250, 0, 3, 2.73), (52, 0, 3, 2.83), (12, 0, 3, 3.24), (12, -0.72, 5.78, 4.99)],
)
def test_minimum_track_record_of_the_paper(a_year, skewness, kurtosis, years):
    """Same paper: years to show that a Sharpe ratio of 2 is above 1 with 95 % confidence."""
    track = SharpeEstimate(2 / math.sqrt(a_year), skewness, kurtosis, periods=a_year)
    assert min_track_record(track, 1 / math.sqrt(a_year)) / a_year == pytest.approx(years, abs=5e-3)


@given(st.floats(0.02, 0.5), st.floats(-2, 2), st.floats(6, 12))
def test_the_minimum_track_record_is_where_confidence_is_reached(value, skewness, kurtosis):
    periods = min_track_record(SharpeEstimate(value, skewness, kurtosis, 100))
    below, above = (
        probabilistic_sharpe(SharpeEstimate(value, skewness, kurtosis, whole))
        for whole in (math.floor(periods), math.ceil(periods) + 1)
    )
    assert below <= 0.95 + 1e-12 and above >= 0.95 - 1e-12


def test_what_is_not_above_the_benchmark_never_gets_there():
    assert min_track_record(SharpeEstimate(0.1, 0, 3, 100), benchmark=0.1) is None


def test_the_estimate_is_the_moments_of_the_returns():
    returns = np.array([0.01, -0.02, 0.03, 0.01, 0.0, -0.01])
    found = estimate(returns)
    away = returns - returns.mean()
    assert found.value == pytest.approx(returns.mean() / returns.std(ddof=1))
    assert found.skewness == pytest.approx((away**3).mean() / (away**2).mean() ** 1.5)
    assert found.kurtosis == pytest.approx((away**4).mean() / (away**2).mean() ** 2)
    assert found.periods == 6
    assert estimate(returns[:1]) is None
    assert estimate(np.full(50, 0.001)) is None, "what does not vary has no Sharpe ratio"


def test_more_trials_and_more_variance_deflate_more():
    track = SharpeEstimate(0.12, 0, 3, 500)
    assert deflated_sharpe(track, 1, 0.01) == probabilistic_sharpe(track)
    by_trials = [deflated_sharpe(track, trials, 0.001) for trials in (2, 10, 100, 10_000)]
    by_variance = [deflated_sharpe(track, 100, variance) for variance in (0, 0.001, 0.01, 0.1)]
    assert by_trials == sorted(by_trials, reverse=True) and by_variance == sorted(by_variance, reverse=True)


def test_the_expected_best_is_the_mean_of_the_best():
    draws = np.random.default_rng(4).normal(0, 0.3, (4000, 60)).max(axis=1)
    assert expected_best_sharpe(60, 0.09) == pytest.approx(draws.mean(), rel=0.02)


def test_the_variance_of_trials_leaves_out_those_without_a_sharpe_ratio():
    assert trials_variance([0.1, None, 0.3]) == pytest.approx(0.02)
    assert trials_variance([0.1, None]) == 0.0


def test_cscv_by_hand():
    """Every step of the definition written out, on three trials and four groups of two periods."""
    returns = np.random.default_rng(8).normal(0.001, 0.01, (8, 3))
    logits, inside, outside = [], [], []
    for picked in itertools.combinations(range(4), 2):
        rows = np.isin(np.arange(8) // 2, picked)
        trained = [sharpe(column) for column in returns[rows].T]
        tested = [sharpe(column) for column in returns[~rows].T]
        winner = int(np.argmax(trained))
        share = sorted(tested).index(tested[winner]) + 1
        logits.append(math.log(share / 4 / (1 - share / 4)))
        inside.append(trained[winner])
        outside.append(tested[winner])
    found = backtest_overfitting(returns, 4)
    assert found.logits == pytest.approx(logits)
    assert found.probability == np.mean(np.array(logits) <= 0)
    assert found.loss == np.mean(np.array(outside) < 0)
    assert (found.degradation, found.intercept) == pytest.approx(tuple(np.polyfit(inside, outside, 1)))
    assert found.splits == 6


def test_sixteen_groups_give_12870_splits():
    assert backtest_overfitting(np.random.default_rng(0).normal(0, 1, (64, 3))).splits == 12_870


def test_the_best_of_noise_is_as_likely_as_not_below_the_median():
    rng = np.random.default_rng(11)
    noise = [rng.normal(0, 0.01, (400, 40)) for _ in range(60)]
    found = [backtest_overfitting(returns, 8) for returns in noise]
    assert np.mean([one.probability for one in found]) == pytest.approx(0.5, abs=0.08)
    assert np.mean([one.degradation for one in found]) < 0, "the better in sample, the worse out of it"
    deflated = [_deflated(returns) for returns in noise]
    assert np.mean(deflated) == pytest.approx(0.5, abs=0.1)
    assert np.mean(np.array(deflated) > 0.95) <= 0.05


def test_a_true_edge_is_found_again():
    rng = np.random.default_rng(12)
    found, deflated = [], []
    for _ in range(10):
        returns = rng.normal(0, 0.01, (400, 40))
        returns[:, 7] += 0.004
        found.append(backtest_overfitting(returns, 8).probability)
        deflated.append(_deflated(returns))
    assert max(found) < 0.05
    assert min(deflated) > 0.95


def _deflated(returns) -> float:
    estimates = [estimate(column) for column in returns.T]
    best = max(estimates, key=lambda one: one.value)
    return deflated_sharpe(best, len(estimates), trials_variance([one.value for one in estimates]))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.sampled_from([2, 4, 6]))
def test_cscv_depends_on_no_scale_and_no_order(seed, trials, groups):
    returns = np.random.default_rng(seed).normal(0.0005, 0.01, (5 * groups, trials))
    found = backtest_overfitting(returns, groups)
    assert backtest_overfitting(returns * 3, groups).logits == pytest.approx(found.logits)
    assert backtest_overfitting(returns[:, ::-1], groups).logits == pytest.approx(found.logits)
    assert 0 <= found.probability <= 1


def test_trials_that_never_trade_share_their_rank():
    idle = np.zeros((40, 5))
    found = backtest_overfitting(idle, 4)
    assert found.logits == pytest.approx(0.0), "the middle of five equal ones"
    assert found.degradation is None and found.loss == 0.0
    steady = backtest_overfitting(np.column_stack([idle, np.full(40, 0.001)]), 4)
    assert steady.degradation is None, "a constant series has no Sharpe ratio, not an enormous one"
