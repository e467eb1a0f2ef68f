"""What holds for every indicator of the catalogue, whatever the series."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.indicators.catalogue import CATALOGUE, Request, parse
from tests.openoutcry.indicators.series import Series, candles, cut, flat, walk

EVERY = sorted(CATALOGUE)


def small(name: str) -> Request:
    """The indicator with its shortest windows, so that short series warm it up."""
    params = CATALOGUE[name].params
    values = [
        max(p.low, min(p.default, 3 + i)) if p.kind == "int" else p.default for i, p in enumerate(params)
    ]
    return parse(name + (":" + ",".join(str(v) for v in values) if values else ""))


WAIT_FOR_EVENTS = ("swings", "stc")  # known once there was a swing, or a range


@pytest.mark.parametrize("name", EVERY)
def test_the_first_values_come_exactly_when_the_catalogue_says(name: str) -> None:
    series = walk(900)
    for request in (parse(name), small(name)):
        firsts = [int(np.argmax(np.isfinite(column))) + 1 for column in request.compute(series).values()]
        first = max(firsts)
        assert first == request.bars or (name in WAIT_FOR_EVENTS and first > request.bars)
        assert all(np.isfinite(column[first - 1 :]).all() for column in request.compute(series).values())


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=15, deadline=None)
@given(series=candles(max_bars=90), data=st.data())
def test_future_bars_change_nothing(name: str, series: Series, data: st.DataObject) -> None:
    bars = len(series["close"])
    upto = data.draw(st.integers(0, bars))
    request = small(name)
    whole, part = request.compute(series), request.compute(cut(series, upto))
    for output in whole:
        np.testing.assert_array_equal(whole[output][:upto], part[output])


@pytest.mark.parametrize("name", EVERY)
@settings(max_examples=15, deadline=None)
@given(series=candles(max_bars=90))
def test_lengths_are_kept_and_nothing_is_infinite(name: str, series: Series) -> None:
    for column in small(name).compute(series).values():
        assert column.shape == series["close"].shape
        assert column.dtype == np.float64
        assert not np.isinf(column).any()


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("level", [5e-324, 1e-300, 1e-12, 1e300, 1.7e308, 0.0])
def test_extreme_levels_give_numbers_or_nothing(name: str, level: float) -> None:
    shape = walk(60, step=0.02, start=1.0)
    with np.errstate(over="ignore"):
        series = {key: np.minimum(values * level, 1.79e308) for key, values in shape.items()}
    for column in small(name).compute(series).values():
        assert not np.isinf(column).any()


@pytest.mark.parametrize("name", EVERY)
def test_missing_inputs_give_numbers_or_nothing(name: str) -> None:
    series = walk(80)
    for values in series.values():
        values[30:33] = math.nan
    for column in small(name).compute(series).values():
        assert not np.isinf(column).any()


@pytest.mark.parametrize("name", EVERY)
def test_an_empty_and_a_one_bar_series_have_no_values_to_invent(name: str) -> None:
    request = parse(name)
    for bars in (0, 1):
        columns = request.compute(walk(bars)).values()
        assert all(column.shape == (bars,) for column in columns)
        assert request.bars == 1 or any(np.isnan(column).all() for column in columns)


FLAT = {
    "rsi": {"value": 50.0},
    "mfi": {"value": 50.0},
    "stochastic": {"k": 50.0, "d": 50.0},
    "williams_r": {"value": -50.0},
    "cci": {"value": 0.0},
    "roc": {"value": 0.0},
    "mom": {"value": 0.0},
    "atr": {"value": 0.0},
    "natr": {"value": 0.0},
    "realized_vol": {"value": 0.0},
    "adx": {"adx": 0.0, "plus_di": 0.0, "minus_di": 0.0},
    "macd": {"macd": 0.0, "signal": 0.0, "hist": 0.0},
    "bbands": {"upper": 60000.01, "middle": 60000.01, "lower": 60000.01, "percent_b": 0.5, "width": 0.0},
}


REMEMBERS_RATIOS = ("adx", "rsi")  # Wilder's averages all shrink alike once nothing moves: their ratios stay


@pytest.mark.parametrize("name", sorted(FLAT))
@pytest.mark.parametrize("before", [0, 40], ids=["always flat", "flat after moving"])
def test_flat_input_is_defined(name: str, before: int) -> None:
    if before and name in REMEMBERS_RATIOS:
        return
    still, moved = flat(3000), walk(before, start=60000.01)
    series = {key: np.concatenate((moved[key], still[key])) for key in still}
    last = {output: column[-1] for output, column in parse(name).compute(series).items()}
    assert last == pytest.approx(FLAT[name], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize(
    "name", ["rsi", "adx", "mfi", "cci", "bbands", "stochastic", "natr", "realized_vol", "williams_r"]
)
@pytest.mark.parametrize("scale", [1e-12, 1e-7, 1e9])
def test_the_unit_of_the_price_does_not_matter(name: str, scale: float) -> None:
    series = walk(400)
    tiny = {key: values if key == "volume" else values * scale for key, values in series.items()}
    wide, narrow = parse(name).compute(series), parse(name).compute(tiny)
    for output in wide:
        if output not in ("upper", "middle", "lower"):
            np.testing.assert_allclose(narrow[output], wide[output], rtol=1e-6, atol=1e-6)
