"""Beta calibration: the identity without outcomes, monotone always, and right about what it has seen enough of."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.learning.beta import fit

PAST = st.lists(st.tuples(st.floats(0, 1), st.booleans()), max_size=80)


def test_without_outcomes_a_word_is_taken_as_said() -> None:
    said = fit([])
    assert all(abs(said.believed(stated) - stated) < 1e-6 for stated in (0.05, 0.3, 0.5, 0.9))


@settings(max_examples=200, deadline=None)
@given(PAST)
def test_a_surer_word_is_never_believed_less(past: list[tuple[float, bool]]) -> None:
    said = fit(past)
    steps = [said.believed(level / 50) for level in range(51)]
    assert all(0.0 <= low <= high <= 1.0 for low, high in pairwise(steps))


def test_overconfidence_is_unlearned() -> None:
    rng = np.random.default_rng(7)
    stated = rng.uniform(0.5, 0.95, 4000)
    right = rng.random(4000) < 0.5 * stated  # says 0.9, means 0.45
    said = fit(list(zip(stated.tolist(), right.tolist(), strict=True)))
    for level in (0.6, 0.75, 0.9):
        assert abs(said.believed(level) - 0.5 * level) < 0.03


def test_a_few_outcomes_move_little() -> None:
    assert abs(fit([(0.8, False)] * 2).believed(0.8) - 0.8) < 0.25


def test_words_that_are_all_alike_are_believed_at_their_rate() -> None:
    """A full Newton step overshoots here."""
    past = [(0.05 + 0.001 * (n % 7), n % 3 != 0) for n in range(1200)] + [(0.9, True)] * 40
    said = fit(past)
    assert abs(said.believed(0.053) - 2 / 3) < 0.05
