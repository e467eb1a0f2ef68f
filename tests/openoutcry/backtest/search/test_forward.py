"""Parameters chosen on some rows and judged on others."""

import numpy as np
import pytest

from openoutcry.backtest.search.evaluate import Evaluator
from openoutcry.backtest.search.forward import annual, judged, splits_of, window
from openoutcry.backtest.search.spec import Forward
from openoutcry.backtest.search.trial import ranked
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from tests.openoutcry.backtest.search.subjects import crossing, market, subject
from tests.openoutcry.backtest.search.test_evaluate import alone

BARS = 4000
CANDLES = market(BARS, seed=8)
WALK = Forward(splitting="walk_forward", folds=4, purge=40, embargo=10)


def forwarded(forward: Forward, candles: Candles = CANDLES, **changes):
    evaluator = Evaluator(subject(candles, **changes))
    combinations = list(evaluator.subject.space.combinations())
    windows = []
    for number, split in enumerate(splits_of(len(candles), forward), start=1):
        trained = [evaluator.trial(place, values, split.train) for place, values in enumerate(combinations)]
        windows.append(window(evaluator, number, split, trained))
    return judged(evaluator, windows), evaluator


def test_each_window_runs_what_was_best_before_it():
    found, evaluator = forwarded(WALK)
    assert [one.number for one in found.windows] == [1, 2, 3, 4]
    for one in found.windows:
        scores = {}
        for place, values in enumerate(evaluator.subject.space.combinations()):
            scores[place] = evaluator.trial(place, values, one.split.train)
        best = ranked(list(scores.values()), evaluator.subject.objective)[0]
        assert one.values == best.values and one.train_score == best.score
        strategy = evaluator.strategy(one.values)
        own = alone(strategy, CANDLES, one.split.test[0])
        assert one.test_trades == len(own)
        assert one.pnl.tolist() == own.trades.pnl.tolist()


def test_what_happens_after_the_training_cannot_change_the_choice():
    whole, _ = forwarded(WALK)
    for one in whole.windows:
        end = one.split.train[0].stop
        noise = market(BARS, seed=99)
        columns = [column.copy() for column in CANDLES.arrays()]
        for own, other in zip(columns[1:], noise.arrays()[1:], strict=True):
            own[end:] = other[end:]
        evaluator = Evaluator(subject(Candles.of(*columns)))
        trained = [
            evaluator.trial(place, values, one.split.train)
            for place, values in enumerate(evaluator.subject.space.combinations())
        ]
        assert ranked(trained, evaluator.subject.objective)[0].values == one.values


def test_the_tests_stitched_together_are_one_account():
    found, evaluator = forwarded(WALK)
    returns = np.concatenate([one.returns for one in found.windows])
    assert found.equity == pytest.approx((evaluator.balance * np.cumprod(1 + returns)).tolist())
    assert found.figures["total_return"] == pytest.approx(found.equity[-1] / evaluator.balance - 1)
    assert found.figures["total_trades"] == sum(one.test_trades for one in found.windows)
    assert list(found.closed_at) == sorted(set(found.closed_at)), "one after the other, no day twice"
    growth = annual(returns, 1.0)
    trained = np.mean([one.train_annual for one in found.windows])
    expected = growth / trained if trained > 0 else None
    assert found.efficiency == (None if expected is None else pytest.approx(expected))


def test_k_fold_tests_every_row_once_and_stitches_in_time():
    found, _ = forwarded(Forward(splitting="k_fold", folds=4, purge=40, embargo=10))
    assert [len(one.split.train) for one in found.windows] == [1, 2, 2, 1]
    assert found.figures is not None
    assert list(found.closed_at) == sorted(found.closed_at)


def test_several_test_folds_give_many_windows_and_no_single_account():
    found, _ = forwarded(Forward(splitting="k_fold", folds=4, test_folds=2))
    assert len(found.windows) == 6
    assert found.figures is None and found.equity == ()


def test_a_training_in_which_nothing_counts_leaves_its_test_idle():
    found, _ = forwarded(WALK, min_trades=10_000)
    assert all(one.values is None and not one.returns.any() for one in found.windows)
    assert found.figures["total_return"] == 0.0 and found.efficiency is None
    assert "no combination counted in the training of window 1, 2, 3, 4" in found.warnings[0]


def test_losing_out_of_sample_is_said():
    found, _ = forwarded(WALK, candles=market(BARS, seed=1), strategy=crossing(reward_factor=1.0))
    assert (found.efficiency is not None and found.efficiency < 0.5) == any(
        "out of sample" in words for words in found.warnings
    )


def test_splits_that_leave_nothing_to_trade_in_are_refused():
    assert splits_of(100, Forward()) == ()
    for forward, field in (
        (Forward(splitting="walk_forward", folds=10), "walk_forward"),
        (Forward(splitting="walk_forward", folds=4, purge=15), "walk_forward"),
        (Forward(splitting="k_fold", folds=11), "folds"),
    ):
        with pytest.raises(BadInput, match="fewer than 10") as caught:
            splits_of(100, forward)
        assert caught.value.field == field


def test_growth_a_year():
    assert annual(np.full(365, 0.001), 1.0) == pytest.approx(1.001**365 - 1)
    assert annual(np.full(24, 0.001), 1 / 24) == pytest.approx(1.001**8760 - 1)
    assert annual(np.array([0.1, -1.0]), 1.0) is None
    assert annual(np.empty(0), 1.0) is None
    assert annual(np.full(10, 5.0), 1.0) is None, "no number for it"
