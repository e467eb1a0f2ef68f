"""The gates: each at its threshold, in every window, and what their number makes of a version."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.strategy.promotion import GATES, WINDOWS, judge, sub_windows
from tests.openoutcry.strategy.windows import GOOD, windows

WORSE = {
    "sortino_ratio": 1.4999,
    "sharpe_ratio": 1.1999,
    "calmar_ratio": 0.9999,
    "irr_annualized": 0.1499,
    "max_drawdown": 0.7001,
    "win_rate": 0.2499,
}


def test_every_gate_at_its_threshold_passes() -> None:
    verdict = judge(windows())
    assert (verdict.outcome, verdict.held, verdict.gates, verdict.failures) == ("PASS", 6, 6, ())
    assert {gate.name: gate.threshold for gate in GATES} == {
        k: v for k, v in GOOD.items() if k != "total_trades"
    }


@pytest.mark.parametrize("gate", WORSE)
@pytest.mark.parametrize("at", [1, 2, 3])
def test_one_gate_missed_in_one_window_is_named_with_its_figures(gate: str, at: int) -> None:
    verdict = judge(windows(at=at, **{gate: WORSE[gate]}))
    (failure,) = verdict.failures
    assert (verdict.outcome, verdict.held) == ("MARGINAL", 5)
    assert (failure.gate, failure.window, failure.value) == (gate, at, WORSE[gate])
    assert failure.threshold == GOOD[gate]
    assert str(failure).startswith(f"{gate} in window {at} is ")


@pytest.mark.parametrize(
    ("missed", "outcome"),
    [(0, "PASS"), (1, "MARGINAL"), (2, "MARGINAL"), (3, "FAIL"), (4, "FAIL"), (6, "FAIL")],
)
def test_the_number_of_gates_held_makes_the_outcome(missed: int, outcome: str) -> None:
    verdict = judge(windows(**dict(list(WORSE.items())[:missed])))
    assert (verdict.outcome, verdict.held) == (outcome, 6 - missed)
    assert len(verdict.failures) == 3 * missed


def test_different_gates_missed_in_different_windows_all_count() -> None:
    first, second = windows(at=1, sharpe_ratio=0.1), windows(at=2, win_rate=0.1, sortino_ratio=0.2)
    verdict = judge([first[0], second[1], first[2]])
    assert [(f.gate, f.window) for f in verdict.failures] == [
        ("sortino_ratio", 2),
        ("sharpe_ratio", 1),
        ("win_rate", 2),
    ]
    assert (verdict.outcome, verdict.held) == ("FAIL", 3)


@pytest.mark.parametrize("trades", [0, 9, None])
def test_few_trades_in_any_window_say_nothing_whatever_they_earned(trades: int | None) -> None:
    verdict = judge(windows(at=2, total_trades=trades))
    assert (verdict.outcome, verdict.held) == ("INSUFFICIENT_TRADES", 6)
    assert [(f.gate, f.window, f.value, f.threshold) for f in verdict.failures] == [("trades", 2, trades, 10)]


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf, "2.0", True])
def test_a_figure_that_is_no_number_fails_its_gate(value: object) -> None:
    verdict = judge(windows(at=3, sharpe_ratio=value))
    assert [(f.gate, f.value) for f in verdict.failures] == [("sharpe_ratio", None)]
    assert "unknown" in str(verdict.failures[0])


def test_a_drawdown_passes_with_either_sign() -> None:
    assert judge(windows(max_drawdown=-0.70)).outcome == "PASS"
    assert judge(windows(max_drawdown=-0.71)).outcome == "MARGINAL"


def test_another_number_of_windows_is_no_walk_forward() -> None:
    with pytest.raises(ValueError, match="3 windows"):
        judge(windows()[:2])


@given(st.integers(0, 100_000))
def test_windows_are_equal_consecutive_and_end_at_the_last_bar(bars: int) -> None:
    found = sub_windows(bars)
    assert len(found) == WINDOWS
    assert len({len(one) for one in found}) == 1
    assert found[0].stop == found[1].start
    assert found[1].stop == found[2].start
    assert found[2].stop == bars
    assert 0 <= found[0].start < WINDOWS
