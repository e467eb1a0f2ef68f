"""Ensembles: the documented sums written out by hand, and what weights may become."""

from datetime import UTC, datetime
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import BadInput
from openoutcry.voting.ensemble import Signal, call, learned, standing
from openoutcry.voting.hindsight import Judged

AT = datetime(2024, 1, 1, tzinfo=UTC)


def votes(*gains: float) -> list[Judged]:
    return [Judged("a", UUID(int=1), AT, AT, "BUY", 0.6, gain > 0, gain, gain) for gain in gains]


def test_the_strongest_direction_is_called_with_medians():
    signals = [
        Signal("a", "X", "buy", 0.9, 110.0, 95.0),
        Signal("b", "X", "buy", 0.5, 120.0, None),
        Signal("c", "X", "sell", 0.8, 80.0, 105.0),
        Signal("d", "X", "sell", 1.0),
    ]
    found = call("X", signals, {"a": 2.0, "b": 1.0, "c": 1.0}, "weighted_voting")
    assert found.strengths == pytest.approx({"buy": (2 * 0.9 + 0.5) / 4, "sell": 0.8 / 4})
    assert (found.direction, found.target_price, found.stop_loss) == ("buy", 115.0, 95.0)
    assert found.agreeing == ("a", "b")
    hard = call("X", signals, {"a": 2.0, "c": 1.0, "d": 0.1}, "hard_voting")
    assert (hard.direction, hard.strength) == ("sell", pytest.approx(2 / 3))


def test_a_tie_and_a_whisper_call_nothing():
    tie = [Signal("a", "X", "buy", 0.5), Signal("b", "X", "sell", 0.5)]
    assert call("X", tie, {"a": 1, "b": 1}, "soft_voting").emitted is False
    assert call("X", [Signal("a", "X", "buy", 0.04)], {"a": 1}, "weighted_voting").direction == "hold"
    assert call("X", [], {"a": 1}, "weighted_voting").emitted is False


def test_a_standing_is_what_the_figures_say():
    found, gains = standing(votes(0.02, -0.01, 0.03, -0.02)), np.array([0.02, -0.01, 0.03, -0.02])
    assert found.accuracy == 0.5
    assert found.profit_factor == pytest.approx(0.05 / 0.03)
    assert found.sharpe_ratio == pytest.approx(gains.mean() / gains.std(ddof=1))
    value = np.cumprod(1 + gains)
    deepest = max(1 - value / np.maximum.accumulate(value))
    assert found.max_drawdown == pytest.approx(deepest)
    assert found.total_gain == pytest.approx(value[-1] - 1)
    score = 0.15 + 0.3 * 5 / 3 + 0.2 * gains.mean() / gains.std(ddof=1) + 0.2 * (1 - deepest)
    assert found.score == pytest.approx(score)
    assert standing([]) is None


def test_weights_move_by_the_documented_rule():
    good, bad = standing(votes(0.02, 0.02, 0.03)), standing(votes(-0.02, -0.02, 0.01))
    after = learned({"good": 1.0, "bad": 3.0}, {"good": good, "bad": bad}, "accuracy")
    power = np.exp([1.0, 1 / 3])
    assert after["good"] == pytest.approx(0.7 * 0.25 + 0.3 * power[0] / power.sum())
    assert sum(after.values()) == pytest.approx(1)


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.floats(0.01, 10), min_size=1),
    st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=8),
    st.sampled_from(["composite", "accuracy", "profit_factor", "sharpe_ratio"]),
)
def test_learned_weights_add_up_and_who_is_unknown_keeps_its_share(weights, gains, metric):
    known = sorted(weights)[: max(1, len(weights) // 2)]
    standings = {name: standing(votes(*gains[: n + 1])) for n, name in enumerate(known)}
    after = learned(weights, standings, metric)
    total = sum(weights.values())
    assert sum(after.values()) == pytest.approx(1)
    assert all(weight > 0 for weight in after.values())
    for name in weights.keys() - standings.keys():
        assert after[name] == pytest.approx(weights[name] / total)


def test_without_anything_known_nothing_is_learned():
    for weights, standings in (
        ({}, {}),
        ({"a": 1.0}, {"a": None}),
        ({"a": 0.0}, {"a": standing(votes(0.1))}),
    ):
        with pytest.raises(BadInput):
            learned(weights, standings, "composite")
