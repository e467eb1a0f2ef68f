"""What is said of the best of many trials: figures as the statistics have them, and words that a person can act on."""

import numpy as np
import pytest

from openoutcry.backtest.overfitting import backtest_overfitting, deflated_sharpe, estimate, trials_variance
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.trial import Trial, different, ranked
from openoutcry.backtest.search.verdict import verdict

SHARPE = read_objective("sharpe_ratio", 0)


def trials(returns: np.ndarray, trades: int = 100) -> list[Trial]:
    """One trial for each column, scored by its Sharpe ratio."""
    made = []
    for number, column in enumerate(returns.T):
        found = estimate(column)
        score = None if found is None else found.value
        made.append(Trial(number, {"a": number}, score, "", {"total_trades": trades}, column))
    return made


def judged(returns: np.ndarray, **more):
    made = trials(returns, **more)
    return verdict(made, next(iter(ranked(made, SHARPE)), None), 1.0)


def noise(seed: int, periods: int = 320, count: int = 40) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (periods, count))


def test_the_figures_are_those_of_the_statistics():
    returns = noise(3)
    found = judged(returns)
    estimates = [estimate(column) for column in returns.T]
    best = max(estimates, key=lambda one: one.value)
    variance = trials_variance([one.value for one in estimates])
    assert found.trials == 40 and found.periods == 320 and found.days == 320.0
    assert found.sharpe == pytest.approx(best.value * 365**0.5)
    assert found.deflated_sharpe == deflated_sharpe(best, 40, variance)
    cscv = backtest_overfitting(returns, 16)
    assert (found.pbo, found.pbo_splits, found.degradation) == (cscv.probability, 12_870, cscv.degradation)


def test_noise_is_called_noise_and_an_edge_is_let_pass():
    said = [" ".join(judged(noise(seed)).warnings) for seed in range(8)]
    assert all("worthless strategies would show" in words for words in said)
    assert sum("below the median" in words for words in said) >= 5
    returns = noise(1, periods=700)
    returns[:, 5] += 0.004
    found = judged(returns)
    assert found.pbo < 0.01 and found.deflated_sharpe > 0.99
    assert found.warnings == ()


def test_tries_that_do_not_count_as_candidates_still_deflate():
    made = trials(noise(2))
    best = ranked(made, SHARPE)[0]
    idle = [
        Trial(100 + n, {"a": -n - 1}, None, "3 trades, fewer than 10", {"total_trades": 3}, np.zeros(320))
        for n in range(400)
    ]
    alone, among = verdict(made, best, 1.0), verdict([*made, *idle], best, 1.0)
    assert among.trials == 440
    assert among.deflated_sharpe < alone.deflated_sharpe


@pytest.mark.parametrize(
    ("returns", "trades", "said"),
    [
        (noise(1), 12, "only 12 trades"),
        (noise(1, periods=20), 100, "20 periods are too few"),
        (noise(1, count=1), 100, "nothing to choose"),
        (noise(1) - 0.01, 100, "does not make money"),
        (noise(9, periods=70, count=2) - 0.0005, 100, "70 days are too few"),
    ],
)  # fmt: skip
def test_what_a_person_must_know_is_said(returns, trades, said):
    assert said in " ".join(judged(returns, trades=trades).warnings)


def test_shorter_periods_are_counted_in_days():
    made = trials(noise(4))
    found = verdict(made, ranked(made, SHARPE)[0], 1 / 24)
    daily = verdict(made, ranked(made, SHARPE)[0], 1.0)
    assert found.days == pytest.approx(320 / 24)
    assert found.sharpe == pytest.approx(daily.sharpe * 24**0.5)
    assert found.min_track_days == pytest.approx(daily.min_track_days / 24)
    assert found.deflated_sharpe == daily.deflated_sharpe


def test_no_trial_that_counts_leaves_a_verdict_without_figures():
    found = verdict(trials(np.zeros((320, 3))), None, 1.0)
    assert (found.sharpe, found.deflated_sharpe, found.min_track_days) == (None, None, None)
    assert found.trials == 3


def test_the_order_of_merit():
    made = [
        Trial(number, {"a": values}, score, "", {"total_trades": 1}, np.zeros(2))
        for number, (values, score) in enumerate([(1, 0.5), (2, 2.0), (1, 0.5), (3, None), (4, 2.0)])
    ]
    assert [trial.number for trial in ranked(made, SHARPE)] == [1, 4, 0, 2]
    assert [trial.number for trial in ranked(made, read_objective("max_drawdown", 0))] == [0, 2, 1, 4]
    assert [trial.number for trial in different(made)] == [0, 1, 3, 4]
