"""Every label can be reached, and the crisis is asked for before the bear it also is."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.regime.labels import by_rule, label_states
from openoutcry.regime.names import REGIMES

NUMBERS = st.floats(-3, 3, allow_nan=False)

# The trend and roughness of a state that is this regime, among the four other states below it.
TYPICAL = {
    "bull": (0.8, -0.7),
    "bear": (-0.7, 0.2),
    "sideways": (0.0, -1.2),
    "crisis": (-1.2, 1.4),
    "recovery": (1.1, 0.9),
}


def of(statistics: "dict[str, tuple[float, float]]") -> tuple[np.ndarray, np.ndarray]:
    trend, roughness = zip(*statistics.values(), strict=True)
    return np.array(trend), np.array(roughness)


@pytest.mark.parametrize("order", [*permutations(TYPICAL)][::17])
def test_five_typical_states_get_their_five_names_in_any_order(order: tuple[str, ...]) -> None:
    trend, roughness = of({name: TYPICAL[name] for name in order})
    assert label_states(trend, roughness) == (order, "one_to_one")
    assert by_rule(trend, roughness) == list(order)


CALM = ((0.02, -1.0), (-0.02, -0.8), (0.03, -0.6))


@pytest.mark.parametrize(
    ("statistics", "name"),
    [
        ((-0.11, 2.0), "crisis"),
        ((-0.09, 2.0), "bear"),
        ((-0.06, 0.5), "bear"),
        ((0.06, -1.5), "bull"),
        ((0.04, 0.5), "recovery"),
        ((1.5, 2.0), "recovery"),
        ((0.04, -1.5), "sideways"),
        ((-0.5, -1.5), "sideways"),
    ],
)
def test_each_rule_by_itself(statistics: tuple[float, float], name: str) -> None:
    states = [*CALM, (0.0, 1.0), statistics]
    trend, roughness = np.array(states).T
    assert by_rule(trend, roughness)[-1] == name


def test_a_deep_fall_in_the_roughest_state_is_a_crisis_not_a_bear() -> None:
    trend, roughness = np.array([*CALM, (-0.2, 0.4), (-0.8, 1.8)]).T
    assert by_rule(trend, roughness)[-1] == "crisis"


def test_without_two_rising_states_each_is_named_by_itself() -> None:
    trend, roughness = np.array([(-0.2, -1.0), (-0.2, -0.9), (1.2, 0.3), (-0.4, 0.5), (-1.3, 1.6)]).T
    labels, how = label_states(trend, roughness)
    assert how == "by_rule"
    assert labels == ("sideways", "sideways", "recovery", "bear", "crisis")


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=5, max_size=5))
def test_what_is_promised_of_labels(states: list[tuple[float, float]]) -> None:
    trend, roughness = np.array(states).T
    labels, how = label_states(trend, roughness)
    assert len(labels) == 5 and set(labels) <= set(REGIMES)
    if how == "one_to_one":
        assert set(labels) == set(REGIMES)
    for label, t in zip(labels, trend.tolist(), strict=True):
        assert t > 0 or label not in ("bull", "recovery")
        assert t < -0.05 or label not in ("bear", "crisis")
    by_name = {label: r for label, r in zip(labels, roughness.tolist(), strict=True)}
    if how == "one_to_one":
        assert by_name["bull"] < by_name["recovery"] and by_name["bear"] < by_name["crisis"]
