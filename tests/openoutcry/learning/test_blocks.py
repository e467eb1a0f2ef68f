"""The interval of a mean over neighbouring rounds: reproducible, honest about few cases, wider where neighbours agree."""

import numpy as np
import pytest

from openoutcry.learning.blocks import LEAST, interval


def test_too_few_rounds_say_nothing() -> None:
    assert interval([[0.1]] * (LEAST - 1)) is None
    assert interval([[0.1]] * LEAST) == pytest.approx((0.1, 0.1))


def test_it_covers_the_truth_about_as_often_as_it_says() -> None:
    rng, covered = np.random.default_rng(3), 0
    for _ in range(200):
        found = interval([[float(value)] for value in rng.normal(0.05, 0.2, 100)])
        assert found is not None
        covered += found[0] <= 0.05 <= found[1]
    assert 170 <= covered <= 198


def test_neighbours_that_agree_make_it_less_sure() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(0.0, 1.0, 400)
    alike = np.repeat(values[:40], 10)
    lone, joint = (interval([[float(v)] for v in many]) for many in (rng.permutation(alike), alike))
    assert lone is not None and joint is not None
    assert joint[1] - joint[0] > 1.5 * (lone[1] - lone[0])


def test_rounds_with_more_voices_weigh_more_and_the_same_rounds_say_the_same() -> None:
    groups = [[0.0], [1.0, 1.0, 1.0]] * 8
    found = interval(groups)
    assert found == interval(groups)
    assert found is not None and found[0] <= 0.75 <= found[1]
