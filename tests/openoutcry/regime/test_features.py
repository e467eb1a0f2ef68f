"""Features: what they are, that nothing later touches them, and what hostile bars make of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.market.candles import Candles
from openoutcry.regime.features import CLIP, LEAST_BARS, MEMORY, NAMES, feature_rows
from openoutcry.regime.rolling import moving_mean, moving_zscore
from tests.openoutcry.regime.markets import pronounced

CANDLES, _ = pronounced(700)


def with_close(candles: Candles, close: np.ndarray, volume: np.ndarray | None = None) -> Candles:
    return Candles.of(
        candles.timestamp, close, close, close, close, candles.volume if volume is None else volume
    )


def test_they_are_what_they_are_said_to_be() -> None:
    raw = feature_rows(CANDLES, "1h").raw
    price, moves = np.log(CANDLES.close), np.diff(np.log(CANDLES.close))
    assert raw["return_20"][-1] == pytest.approx(price[-1] - price[-21])
    assert raw["return_5"][-1] == pytest.approx(price[-1] - price[-6])
    assert raw["volatility_20"][-1] == pytest.approx(np.sqrt((moves[-20:] ** 2).mean() * 365 * 24))
    assert raw["volume_5_60"][-1] == pytest.approx(CANDLES.volume[-5:].mean() / CANDLES.volume[-60:].mean())
    assert raw["trend_strength"][-1] == pytest.approx(abs(moves[-20:].sum()) / np.abs(moves[-20:]).sum())


def test_the_year_has_365_days_at_any_bar_length() -> None:
    daily = feature_rows(CANDLES, "1d").raw["volatility_20"][-1]
    hourly = feature_rows(CANDLES, "1h").raw["volatility_20"][-1]
    assert hourly / daily == pytest.approx(24**0.5)


def test_the_first_row_stands_where_it_is_said_to() -> None:
    known = np.flatnonzero(np.isfinite(feature_rows(CANDLES, "1h").rows).all(axis=1))
    assert known[0] == LEAST_BARS - 1
    assert not len(np.flatnonzero(np.isfinite(feature_rows(CANDLES[: LEAST_BARS - 1], "1h").rows)))


@settings(max_examples=15, deadline=None)
@given(cut=st.integers(LEAST_BARS, 690), noise=st.integers(0, 2**31))
def test_what_comes_later_changes_no_bit(cut: int, noise: int) -> None:
    rng = np.random.default_rng(noise)
    later = CANDLES.close.copy()
    later[cut:] *= np.exp(rng.standard_normal(len(later) - cut))
    whole = feature_rows(with_close(CANDLES, later), "1h").rows[:cut]
    assert np.array_equal(
        whole, feature_rows(with_close(CANDLES, CANDLES.close)[:cut], "1h").rows, equal_nan=True
    )


@settings(max_examples=15, deadline=None)
@given(first=st.integers(0, 700 - MEMORY), rows=st.integers(1, 40))
def test_a_row_depends_on_its_memory_and_on_nothing_before(first: int, rows: int) -> None:
    whole = feature_rows(CANDLES, "1h").rows
    last = min(first + MEMORY + rows - 1, len(CANDLES))
    part = feature_rows(CANDLES[first:last], "1h").rows
    assert np.array_equal(part[MEMORY - 1 :], whole[first + MEMORY - 1 : last])


def test_scores_are_held_within_their_bounds_and_free_of_scale() -> None:
    rows = feature_rows(CANDLES, "1h").rows
    known = rows[np.isfinite(rows).all(axis=1)]
    assert np.abs(known).max() <= CLIP and known.shape[1] == len(NAMES)
    for factor in (1e-12, 1e12):
        scaled = feature_rows(with_close(CANDLES, CANDLES.close * factor), "1h").rows
        np.testing.assert_allclose(
            scaled, feature_rows(with_close(CANDLES, CANDLES.close), "1h").rows, atol=1e-6
        )


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.0, -1.0, 1e308, 5e-324])
@pytest.mark.parametrize("column", ["close", "volume"])
def test_a_bar_that_is_no_number_makes_rows_unknown_and_none_wrong(value: float, column: str) -> None:
    close, volume = CANDLES.close.copy(), CANDLES.volume.copy()
    (close if column == "close" else volume)[400] = value
    rows = feature_rows(with_close(CANDLES, close, volume), "1h").rows
    assert np.array_equal(np.isnan(rows).any(axis=1), np.isnan(rows).all(axis=1))
    assert np.abs(rows[np.isfinite(rows)]).max() <= CLIP
    clean = feature_rows(with_close(CANDLES, CANDLES.close), "1h").rows
    assert np.array_equal(rows[:400], clean[:400], equal_nan=True)


def test_a_market_that_stands_still_has_no_features() -> None:
    flat = np.full(len(CANDLES), 5.0)
    assert np.isnan(feature_rows(with_close(CANDLES, flat), "1h").rows).all()
    assert np.isnan(feature_rows(with_close(CANDLES, CANDLES.close, np.zeros(len(CANDLES))), "1h").rows).all()
    assert len(feature_rows(CANDLES[:0], "1h").rows) == 0 and len(feature_rows(CANDLES[:1], "1h").rows) == 1


def test_moving_windows_agree_with_a_plain_loop() -> None:
    values = np.random.default_rng(3).standard_normal(300)
    values[[5, 100, 101]] = np.nan
    mean, score = moving_mean(values, 7), moving_zscore(values, 50, 10, 3.0)
    for i in range(300):
        window = values[max(i - 6, 0) : i + 1]
        assert mean[i] == pytest.approx(window.mean() if len(window) == 7 else np.nan, nan_ok=True)
        known = values[max(i - 49, 0) : i + 1]
        known = known[np.isfinite(known)]
        enough = len(known) >= 10 and np.isfinite(values[i])
        expected = np.clip((values[i] - known.mean()) / known.std(ddof=1), -3, 3) if enough else np.nan
        assert score[i] == pytest.approx(expected, nan_ok=True)
