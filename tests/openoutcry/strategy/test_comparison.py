"""Champion against challenger: the four criteria, their weights, and doubt in favour of the champion."""

import pytest

from openoutcry.strategy.comparison import compare

OLD = {"total_return": 0.20, "sharpe_ratio": 1.0, "max_drawdown": 0.10, "win_rate": 0.50, "total_trades": 40}
BETTER = {
    "total_return": 0.25,
    "sharpe_ratio": 1.0,
    "max_drawdown": 0.10,
    "win_rate": 0.45,
    "total_trades": 40,
}


def test_a_better_challenger_is_promoted_with_full_confidence() -> None:
    found = compare(OLD, BETTER)
    assert (found.decision, found.confidence) == ("PROMOTE", 1.0)
    assert found.profit_improvement == pytest.approx(25.0)
    assert found.deltas["total_return"] == pytest.approx(0.05)
    assert found.deltas["sharpe_ratio"] == 0.0
    assert all(found.held.values())


@pytest.mark.parametrize(
    ("changes", "decision", "confidence"),
    [
        ({"total_return": 0.20}, "KEEP", 3 / 9),
        ({"total_return": 0.20, "sharpe_ratio": 1.1}, "INVESTIGATE", 6 / 9),
        ({"sharpe_ratio": 0.99}, "INVESTIGATE", 6 / 9),
        ({"max_drawdown": 0.11}, "PROMOTE", 7 / 9),
        ({"max_drawdown": -0.11}, "PROMOTE", 7 / 9),
        ({"win_rate": 0.44}, "PROMOTE", 8 / 9),
        ({"max_drawdown": 0.11, "win_rate": 0.44}, "INVESTIGATE", 6 / 9),
        ({"total_return": 0.1, "sharpe_ratio": 0.5}, "KEEP", 6 / 9),
        ({"total_return": 0.1, "sharpe_ratio": 0.5, "max_drawdown": 0.2, "win_rate": 0.1}, "KEEP", 1.0),
        ({"total_trades": 15}, "INVESTIGATE", 0.5),
        ({"total_trades": 21}, "PROMOTE", 0.7),
    ],
)
def test_each_criterion_weighs_what_it_says(changes: dict, decision: str, confidence: float) -> None:
    found = compare(OLD, {**BETTER, **changes})
    assert (found.decision, found.confidence) == (decision, pytest.approx(confidence, abs=1e-4))
    assert found.recommendation


def test_itself_is_no_improvement() -> None:
    assert compare(OLD, OLD).decision == "KEEP"
    assert compare(OLD, OLD).held["total_return"] is False


@pytest.mark.parametrize(
    ("champion", "challenger", "why"),
    [
        (None, BETTER, "the champion has no metrics yet"),
        (OLD, None, "the challenger has no metrics yet"),
        (OLD, {**BETTER, "sharpe_ratio": float("nan")}, "sharpe_ratio is not known of both"),
        ({**OLD, "max_drawdown": None}, BETTER, "max_drawdown is not known of both"),
        (OLD, {**BETTER, "total_trades": None}, "trades is not known of both"),
        ({}, {}, "total_return is not known of both"),
    ],
)
def test_what_cannot_be_compared_keeps_the_champion(champion: dict, challenger: dict, why: str) -> None:
    found = compare(champion, challenger)
    assert (found.decision, found.confidence) == ("KEEP", 0.0)
    assert why in found.recommendation


def test_improvement_on_nothing_or_on_a_loss() -> None:
    assert compare({**OLD, "total_return": 0.0}, BETTER).profit_improvement is None
    assert compare(
        {**OLD, "total_return": -0.1}, {**BETTER, "total_return": 0.1}
    ).profit_improvement == pytest.approx(200)
