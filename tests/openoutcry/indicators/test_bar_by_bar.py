"""The incremental form of every indicator gives what the batch form gives."""

import numpy as np
import pytest
from hypothesis import given, settings

from openoutcry.indicators.catalogue import Request, parse
from openoutcry.indicators.line import Array
from tests.openoutcry.indicators.series import Series, candles, walk
from tests.openoutcry.indicators.test_rules import EVERY, small


def followed(request: Request, series: Series) -> dict[str, Array]:
    """Every output of the incremental form, bar after bar."""
    following = request.indicator.follow(dict(request.params))
    bars = [{name: values[i] for name, values in series.items()} for i in range(len(series["close"]))]
    rows = [following.update(bar) for bar in bars]
    return {name: np.array([row[name] for row in rows]) for name in request.indicator.outputs}


def size_of(request: Request, series: Series, column: Array) -> float:
    """What a billionth is taken of: the output, or the numbers it is a difference of where those are larger."""
    return max(
        np.nanmax(np.abs(values), initial=0.0)
        for values in (column, *(series[n] for n in request.indicator.inputs))
    )


def agree(request: Request, series: Series) -> None:
    whole, each = request.compute(series), followed(request, series)
    for output, column in whole.items():
        tolerance = 1e-9 * size_of(request, series, column)
        np.testing.assert_allclose(each[output], column, rtol=1e-9, atol=tolerance, err_msg=output)


@pytest.mark.parametrize("name", EVERY)
def test_a_long_walk_is_followed_to_a_billionth(name: str) -> None:
    for request in (parse(name), small(name)):
        series = walk(700, seed=4)
        whole, each = request.compute(series), followed(request, series)
        for output, column in whole.items():
            tolerance = 1e-9 * np.nanmax(np.abs(column))
            np.testing.assert_allclose(each[output], column, rtol=1e-9, atol=tolerance, err_msg=output)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("step", [1e-8])
def test_a_walk_that_hardly_moves_is_followed_to_a_billionth(name: str, step: float) -> None:
    """What is left when two nearly equal prices are taken from each other must not be rounding."""
    for request in (small(name), parse(name)):
        agree(request, walk(300, seed=2, step=step))


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=25, deadline=None)
@given(series=candles(max_bars=90))
def test_any_series_is_followed_to_a_billionth(name: str, series: Series) -> None:
    agree(small(name), series)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("level", [5e-324, 1e-300, 1e300, 1.7e308])
def test_extreme_levels_are_followed_with_numbers_or_nothing(name: str, level: float) -> None:
    with np.errstate(over="ignore"):
        series = {key: np.minimum(values * level, 1.79e308) for key, values in walk(60, start=1.0).items()}
    assert not any(np.isinf(column).any() for column in followed(small(name), series).values())
