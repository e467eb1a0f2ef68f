"""Fewer points with the same look: ends, lows and highs stay, candles keep their extremes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.backtest.thinning import bar_name, coarser, kept
from tests.openoutcry.backtest.drawn import market


@given(
    values=st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=400),
    most=st.integers(4, 60),
)
def test_what_is_kept_spans_the_same(values, most):
    series = np.array(values)
    rows = kept(series, most)
    assert np.all(np.diff(rows) > 0)
    assert rows[0] == 0
    assert rows[-1] == len(series) - 1
    assert (series[rows].min(), series[rows].max()) == (series.min(), series.max())
    assert len(rows) <= max(most, 6)


@pytest.mark.parametrize("count", [2, 50, 51, 500, 9_999, 40_000])
def test_candles_are_drawn_by_longer_ones_of_the_same_extremes(count):
    candles = market(5, count, "1h", 0.01, 0.02)
    shown, bar_ms = coarser(candles, "1h", 50)
    assert len(shown) <= 50
    assert (shown.high.max(), shown.low.min()) == (candles.high.max(), candles.low.min())
    assert shown.close[-1] == candles.close[-1]
    assert bar_ms % 3_600_000 == 0
    if len(candles) <= 50:
        assert shown is candles


def test_bar_lengths_have_names():
    assert [bar_name(minutes * 60_000) for minutes in (1, 90, 60, 240, 1440, 20_160)] == [
        "1m", "90m", "1h", "4h", "1d", "14d",
    ]  # fmt: skip
