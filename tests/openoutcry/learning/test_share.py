"""Fixed-share Hedge: never further behind any agent than its bound, and quick to hear who is right now."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.learning.share import share

NAMES = ("a", "b", "c", "d")
ROUND = st.dictionaries(st.sampled_from(NAMES), st.floats(0, 1), min_size=1)


@settings(max_examples=200, deadline=None)
@given(st.lists(ROUND, max_size=120))
def test_no_agent_is_further_ahead_than_the_bound(losses: list[dict[str, float]]) -> None:
    done = share(losses, NAMES)
    assert math.isclose(math.fsum(done.weights.values()), 1.0, rel_tol=1e-9)
    assert len(done.history) == len(losses) + 1
    assert all(regret <= done.bound + 1e-9 for regret in done.regret.values())
    assert share(losses, NAMES[::-1]) == done


@given(st.lists(ROUND, min_size=1, max_size=40))
def test_losses_are_the_mixture_s_and_the_mean_s(losses: list[dict[str, float]]) -> None:
    done = share(losses, NAMES)
    total = equal = 0.0
    for before, spoken in zip(done.history, losses, strict=False):
        total += sum(before[n] * spoken[n] for n in spoken) / sum(before[n] for n in spoken)
        equal += sum(spoken.values()) / len(spoken)
    assert math.isclose(done.loss, total, rel_tol=1e-9, abs_tol=1e-12)
    assert math.isclose(done.equal_loss, equal, rel_tol=1e-9, abs_tol=1e-12)


def test_who_becomes_right_is_heard_again() -> None:
    first = [{"a": 0.05, "b": 0.6} for _ in range(400)]
    then = [{"a": 0.6, "b": 0.05} for _ in range(200)]
    turned = share(first + then, ("a", "b"))
    assert turned.history[400]["a"] > 0.9
    assert turned.weights["b"] > 0.9


def test_silence_neither_costs_nor_earns() -> None:
    done = share([{"a": 0.9}] * 50, ("a", "b"), alpha=0.0)
    assert math.isclose(done.weights["b"], 0.5)
    assert done.regret["b"] == 0.0


def test_without_a_round_all_weigh_alike() -> None:
    assert share([], ("a", "b")).weights == {"a": 0.5, "b": 0.5}
