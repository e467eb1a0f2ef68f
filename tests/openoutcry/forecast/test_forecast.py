"""Forecasts: causal, honest about what they cannot know, and good where there is something to know."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.errors import DataUnavailable
from openoutcry.forecast.features import WARM_UP, rows_of
from openoutcry.forecast.forecast import HORIZONS, forecast
from openoutcry.forecast.turning import turning_prices
from openoutcry.forecast.validation import rise_probability, together
from openoutcry.forecast.walk import walk_forward
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import from_millis
from tests.openoutcry.forecast.markets import market


def test_what_can_be_known_is_found_and_passes():
    told = forecast(market(4_000, pull=0.08), "1h").validation
    assert told.passed and told.samples > 600
    assert told.directional_accuracy > 0.6 > told.naive_accuracy
    assert told.mae_pct < 0.95 * told.naive_mae_pct


@pytest.mark.parametrize("seed", range(6))
def test_a_random_walk_does_not_pass(seed):
    told = forecast(market(3_000, seed=seed), "1h").validation
    assert not told.passed and 0.4 < told.directional_accuracy < 0.6


@settings(max_examples=30, deadline=None)
@given(cut=st.integers(400, 880), seed=st.integers(0, 50))
def test_no_later_bar_changes_an_earlier_prediction(cut, seed):
    close = market(900, seed=seed, pull=0.03).close
    later = np.concatenate([close[:cut], close[cut:] * 3.0])
    whole, other = walk_forward(close, 6), walk_forward(later, 6)
    seen = whole.bar < cut
    assert np.array_equal(whole.predicted[seen], other.predicted[seen])
    known = whole.bar + 6 < cut
    assert np.array_equal(whole.moved[known], other.moved[known])
    assert np.array_equal(rows_of(close[:cut]).x, rows_of(close).x[: cut - WARM_UP])


def test_an_origin_is_fitted_on_moves_that_had_ended():
    """The last prediction equals that of a walk that ends there, where nothing later exists at all."""
    close = market(600, pull=0.05).close
    walk = walk_forward(close, 6)
    for at in (-1, -5, -20):
        bar = int(walk.bar[at])
        alone = walk_forward(close[: bar + 1], 6)
        assert alone.next_predicted == pytest.approx(walk.predicted[at], rel=1e-9)
        assert alone.next_scale == pytest.approx(walk.scale[at])


def test_figures_are_what_their_definition_says():
    candles = market(1_000, pull=0.05)
    told, walk = forecast(candles, "1h").validation, walk_forward(candles.close, 6)
    said = [
        candles.close[b] * np.exp(p * s) for b, p, s in zip(walk.bar, walk.predicted, walk.scale, strict=True)
    ]
    real = candles.close[walk.bar + 6]
    then = candles.close[walk.bar]
    assert told.samples == len(said) and np.all(np.diff(walk.bar) == 6)
    assert told.mape == pytest.approx(np.mean(np.abs(said / real - 1)) * 100)
    assert told.mae_pct == pytest.approx(np.mean(np.abs(said - real) / then) * 100)
    assert told.naive_mae_pct == pytest.approx(np.mean(np.abs(real / then - 1)) * 100)
    assert told.directional_accuracy == pytest.approx(np.mean((said > then) == (real > then)))
    assert told.window.start == from_millis(int(candles.timestamp[walk.bar[0] + 1]))
    assert told.window.end <= from_millis(int(candles.timestamp[-1]) + 3_600_000)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 1000), bars=st.integers(208, 700), timeframe=st.sampled_from(list(HORIZONS)),
    factor=st.sampled_from([1e-7, 1.0, 1e6]),
)  # fmt: skip
def test_bands_and_levels_lie_where_they_must(seed, bars, timeframe, factor):
    made = market(bars, seed=seed, timeframe=timeframe)
    scaled = Candles.of(*[made.timestamp, *[c * factor for c in made.arrays()[1:5]], made.volume])
    if timeframe != "1d" and bars < 300:
        return
    told = forecast(scaled, timeframe)
    target = told.price_target
    assert 0 < target.low <= target.mid <= target.high
    assert told.price > told.support[0] > told.support[1] > told.support[2] > 0
    assert told.price < told.resistance[0] < told.resistance[1] < told.resistance[2]
    assert 0 < told.confidence < 1
    sign = {"up": 1, "down": -1, "flat": 0}[told.direction]
    assert sign == 0 or sign * told.predicted_change_pct > 0
    assert told.predicted_change_pct == pytest.approx((target.mid / told.price - 1) * 100)


def test_the_band_holds_about_four_of_five_ends():
    candles, held = market(3_000, pull=0.02, seed=9), []
    for end in range(1_000, 2_990, 20):
        target = forecast(candles[:end], "1h").price_target
        held.append(target.low <= candles.close[end + 5] <= target.high)
    assert 0.7 < np.mean(held) < 0.9


def test_208_days_are_enough_and_far_fewer_are_not():
    assert forecast(market(208, timeframe="1d"), "1d").validation.samples >= 20
    for bars in (0, 1, 14, 72, 100, 150):
        with pytest.raises(DataUnavailable, match="too few"):
            forecast(market(200, timeframe="1d")[:bars], "1d")


def test_a_price_that_does_not_move_is_forecast_not_to():
    flat = market(400)
    still = Candles.of(*[flat.timestamp, *[np.full(400, 5.0)] * 4, flat.volume])
    told = forecast(still, "1h")
    assert told.direction == "flat" and told.predicted_change_pct == pytest.approx(0)
    assert told.support[0] < 5.0 < told.resistance[0]


def test_at_a_high_of_all_times_resistance_is_steps_of_atr():
    made = market(300)
    rising = np.linspace(100, 200, 300)
    candles = Candles.of(made.timestamp, rising, rising * 1.001, rising * 0.999, rising, made.volume)
    told = turning_prices(candles)
    assert told.resistances_found == 0
    steps = np.diff(np.log([200.0, *told.resistance]))
    assert steps == pytest.approx([told.atr_share] * 3)


def test_probability_of_a_rise_is_the_share_of_misses_that_make_one():
    misses = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    assert rise_probability(misses, 0.0) == pytest.approx(2.5 / 6)
    assert rise_probability(misses, 10.0) == pytest.approx(5.5 / 6)
    assert rise_probability(misses, -10.0) == pytest.approx(0.5 / 6)


def test_together_weighs_by_samples_and_passes_only_if_all_do():
    good = forecast(market(4_000, pull=0.08), "1h").validation
    poor = forecast(market(700, seed=3), "1h").validation
    both = together([good, poor])
    assert both.samples == good.samples + poor.samples and not both.passed
    expected = (good.mape * good.samples + poor.mape * poor.samples) / both.samples
    assert both.mape == pytest.approx(expected)
    assert together([good, good]).passed
