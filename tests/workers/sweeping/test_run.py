"""A sweep from spec to result: the same whatever runs it, and stopped without losing anything."""

import multiprocessing
import os
import signal
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool

import pytest

from db.candles import CandleStore
from openoutcry.backtest.search.candidates import grid
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.space import read_space
from openoutcry.backtest.search.spec import Forward
from openoutcry.backtest.splits import Span
from openoutcry.errors import DataUnavailable
from tests.openoutcry.backtest.search.subjects import FAST, SLOW, market
from tests.workers.sweeping.sweeps import SERIES, Looking, home_with_candles, run, spec
from tests.workers.sweeping.test_study import ran
from workers.sweeping.market import same_series, stored_series
from workers.sweeping.searching import SweepStopped, search
from workers.sweeping.study import PlannedStudy

SHARPE = read_objective("sharpe_ratio", 0)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return home_with_candles(tmp_path_factory.mktemp("home"))


def test_a_grid_is_the_same_with_any_number_of_processes(home):
    asked = spec(home, forward=Forward(splitting="walk_forward", folds=2, purge=50))
    watch = Looking()
    one, two = run(home, asked, watch=watch), run(home, asked, workers=2)
    assert one == two
    assert one["trials"] == {"run": 32, "different": 32, "counting": 32, "contradictory": 0, "given_up": 0}
    assert one["overfitting"]["trials"] == 32 and one["overfitting"]["pbo"] is not None
    assert one["overfitting"]["deflated_sharpe"] is not None
    assert [row["score"] for row in one["ranked"]] == sorted(
        [row["score"] for row in one["ranked"]], reverse=True
    )
    assert one["best"]["figures"]["sharpe_ratio"] == one["best"]["score"] == one["ranked"][0]["score"]
    assert len(one["forward"]["windows"]) == 2 and one["forward"]["equity"]
    assert [part for part in dict.fromkeys(part for part, *_ in watch.seen)] == [
        "all",
        "window 1",
        "window 2",
    ]
    best = [score for part, *_, score in watch.seen if part == "all" and score is not None]
    assert best == sorted(best) and best[-1] == one["best"]["score"], "best so far"


def test_random_and_tpe_are_the_same_for_the_same_seed(home):
    for method, trials in (("random", 10), ("tpe", 12)):
        results = [run(home, spec(home, method=method, trials=trials, seed=seed)) for seed in (4, 4, 5)]
        assert results[0] == results[1]
        assert results[0]["ranked"] != results[2]["ranked"]
        assert results[0]["trials"]["run"] == trials


def test_repeats_are_no_second_tries(home):
    found = run(home, spec(home, {"reward_factor": {"choices": [1.5, 2.0, 3.0]}}, method="tpe", trials=14))
    assert (
        found["trials"]["run"] == 14 and found["trials"]["different"] == 3 == found["overfitting"]["trials"]
    )
    assert any("11 trials repeated a combination" in warning for warning in found["warnings"])


def test_combinations_that_cannot_be_are_told_and_not_counted(home):
    vary = {
        "execution_config.max_hold_bars": {"low": 10, "high": 40, "step": 10},
        "execution_config.exit_on_loss_after_bars, execution_config.exit_on_profit_after_bars": {
            "choices": [20]
        },
    }
    found = run(home, spec(home, vary))
    assert found["trials"] == {"run": 3, "different": 3, "counting": 3, "contradictory": 1, "given_up": 0}
    assert "1 combinations contradict themselves" in found["warnings"][0]


def test_tries_that_do_not_count_as_candidates_are_counted_as_tries(home):
    found = run(home, spec(home, min_trades=100_000))
    assert found["trials"]["counting"] == 0 and found["overfitting"]["trials"] == 32
    assert found["best"] is None and found["ranked"] == []


def test_a_process_that_dies_costs_nothing_but_time(home):
    asked = spec(home, {SLOW: {"low": 10, "high": 30, "step": 1}, FAST: {"low": 2, "high": 5, "step": 1}})

    def kill() -> None:
        os.kill(multiprocessing.active_children()[-1].pid, signal.SIGKILL)

    assert run(home, asked, workers=2, watch=Looking(kill)) == run(home, asked)


class Deadly:
    """A pool whose process dies of some numbers."""

    workers = 2

    def __init__(self, *deadly: int) -> None:
        self.deadly, self.renewed, self.sizes = set(deadly), 0, []

    def submit(self, claims, spans):
        done: Future = Future()
        self.sizes.append(len(claims))
        if self.deadly & {claim.number for claim in claims}:
            done.set_exception(BrokenProcessPool("died"))
        else:
            done.set_result([ran(claim) for claim in claims])
        return done

    def renew(self):
        self.renewed += 1


def test_what_a_process_dies_of_is_found_and_given_up_alone():
    plan = grid(read_space({"reward_factor": "1:40"}))
    study, pool = PlannedStudy(plan, range(40)), Deadly(11)
    trials = search(study, pool, (Span(0, 1),), SHARPE, Looking(), "all", 8)
    assert [trial.number for trial in trials] == [number for number in range(40) if number != 11]
    assert study.given_up == 1 and pool.renewed == 3
    assert max(pool.sizes) == 8 and set(pool.sizes[4:]) == {1}


def test_a_stopped_search_gives_back_what_it_held():
    plan = grid(read_space({"reward_factor": "1:40"}))
    study = PlannedStudy(plan, range(40))
    with pytest.raises(SweepStopped):
        search(study, Deadly(), (Span(0, 1),), SHARPE, Looking(stop_after=10), "all", 4)
    kept = len(study.trials())
    assert 10 <= kept < 40
    assert len(study.claim(100)) == 40 - kept


def test_a_stopped_sweep_says_what_it_found(home):
    found = run(home, spec(home), watch=Looking(stop_after=16))
    assert not found["complete"] and found["trials"]["run"] == 16 and found["best"] is not None
    assert "was stopped" in found["warnings"][0]
    with pytest.raises(SweepStopped):
        run(home, spec(home), watch=Looking(stop_after=0))


def test_other_candles_are_not_taken_for_the_sweeps(home, tmp_path):
    asked = spec(home)
    CandleStore(tmp_path).merge(SERIES, market(2400, seed=4))
    with pytest.raises(DataUnavailable, match="are not those the sweep began"):
        same_series(tmp_path, asked.market)
    longer, _ = stored_series(home, "binance", "BTC/USDT", "4h", None, None)
    assert len(longer) == 600, "made of the hours"
    for symbol, timeframe, said in (
        ("ETH/USDT", "1h", "ETH/USDT"),
        ("BTC/USDT", "1m", "there is 1h of binance"),
    ):
        with pytest.raises(DataUnavailable, match=said):
            stored_series(home, "binance", symbol, timeframe, None, None)
