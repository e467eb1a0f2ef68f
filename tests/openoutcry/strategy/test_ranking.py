"""The composite score: the published formula to the digit, and its bounds."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.strategy.ranking import composite

KNOWN = {
    "sharpe_ratio": 1.67,
    "total_return": 0.2345,
    "max_drawdown": -0.095,
    "total_trades": 156,
    "win_rate": 0.641,
    "profit_factor": 1.89,
}


def by_hand(m: dict) -> float:
    parts = [
        0.35 * min(1, max(0, m["sharpe_ratio"] / 3)),
        0.25 * min(1, max(0, (m["total_return"] + 0.5) / 1.5)),
        0.20 * (1 - min(1, abs(m["max_drawdown"]) / 0.5)),
        0.10 * min(1, max(0, m["win_rate"])),
    ]
    weight = 0.9
    if "profit_factor" in m:
        parts.append(0.10 * min(1, max(0, m["profit_factor"] / 3)))
        weight = 1.0
    return 100 * sum(parts) / weight * min(1, m["total_trades"] / 30)


def test_the_published_example_scores_as_the_formula_says() -> None:
    score = composite(KNOWN)
    assert score.composite_score == pytest.approx(by_hand(KNOWN), abs=1e-5)
    assert score.composite_score == pytest.approx(60.635, abs=1e-3)
    assert sum(score.components.values()) * score.sample == pytest.approx(score.composite_score, abs=1e-5)


def test_without_a_profit_factor_the_other_weights_fill_up() -> None:
    rest = {key: value for key, value in KNOWN.items() if key != "profit_factor"}
    score = composite(rest)
    assert score.composite_score == pytest.approx(by_hand(rest), abs=1e-5)
    assert "profit_factor" not in score.components
    best = {"sharpe_ratio": 9, "total_return": 9, "max_drawdown": 0, "total_trades": 30, "win_rate": 1}
    assert composite(best).composite_score == pytest.approx(100.0)


@pytest.mark.parametrize(
    ("trades", "sample"), [(0, 0.0), (3, 0.1), (15, 0.5), (30, 1.0), (3000, 1.0), (None, 0.0)]
)
def test_few_trades_count_for_little(trades: int | None, sample: float) -> None:
    full = composite(KNOWN).composite_score
    score = composite({**KNOWN, "total_trades": trades})
    assert score.sample == pytest.approx(sample)
    assert score.composite_score == pytest.approx(full * sample, abs=1e-5)


@pytest.mark.parametrize("name", ["sharpe_ratio", "total_return", "max_drawdown", "win_rate"])
@pytest.mark.parametrize("value", [None, math.nan, math.inf, "1.0"])
def test_what_is_not_known_earns_nothing(name: str, value: object) -> None:
    assert composite({**KNOWN, name: value}).composite_score < composite(KNOWN).composite_score


def test_nothing_known_is_nothing_earned() -> None:
    assert composite({}).model_dump() == {"composite_score": 0.0, "components": {}, "sample": 0.0}


NUMBERS = st.one_of(st.none(), st.floats(), st.floats(-5, 5), st.integers(-(10**6), 10**6))


@given(st.fixed_dictionaries({name: NUMBERS for name in KNOWN}))
def test_any_metrics_score_from_0_to_100_and_always_the_same(metrics: dict) -> None:
    score = composite(metrics)
    assert 0.0 <= score.composite_score <= 100.0
    assert 0.0 <= score.sample <= 1.0
    assert composite(dict(reversed(metrics.items()))) == score
