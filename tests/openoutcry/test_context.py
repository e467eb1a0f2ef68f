"""The fixed list of market features and the vector made of it."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry import context
from openoutcry.context import EXTRA_NAMES, FEATURES, NAMES, SIZE, context_vector, market_features
from tests.openoutcry.indicators.series import Series, candles, cut, flat, walk

VALUES = st.none() | st.floats(allow_nan=True, allow_infinity=True)
ANY_FEATURES = st.dictionaries(st.sampled_from(NAMES), VALUES)
ANY_EXTRAS = st.dictionaries(st.sampled_from(EXTRA_NAMES), VALUES)


def test_the_list_is_the_contract_of_its_version() -> None:
    assert context.VERSION == "features-v1"
    assert 2 * len(FEATURES) + 2 == SIZE
    assert NAMES[:3] == ("return_1", "return_3", "return_12")
    assert EXTRA_NAMES[:5] == ("hedge_ratio", "net_exposure", "gross_exposure", "buy_score", "sell_score")
    assert EXTRA_NAMES[5:] == ("funding_rate", "basis_pct")
    assert len(set(NAMES + EXTRA_NAMES)) == 31


def test_enough_bars_know_every_feature_and_fewer_say_none() -> None:
    series = walk(600)
    assert None not in market_features(cut(series, context.BARS)).values()
    assert market_features(cut(series, context.BARS - 1))["trend_50_200"] is None
    assert set(market_features(cut(series, 0)).values()) == {None}
    assert list(market_features(series)) == list(NAMES)


def test_features_follow_their_definitions() -> None:
    series = walk(400, seed=5)
    found = market_features(series)
    close = series["close"]
    returns = np.diff(np.log(close))
    assert found["return_24"] == pytest.approx(
        math.log(close[-1] / close[-25]) / (returns[-48:].std(ddof=1) * math.sqrt(24))
    )
    assert found["log_volatility"] == pytest.approx(math.log(returns[-48:].std(ddof=1)))
    logs = np.log1p(series["volume"])
    assert found["volume_z"] == pytest.approx((logs[-1] - logs[-49:-1].mean()) / logs[-49:-1].std())


def test_a_still_market_has_no_volatility_to_measure_in() -> None:
    found = market_features(flat(400))
    assert found["rsi_14"] == 50.0
    assert found["return_24"] is None and found["log_volatility"] is None


@settings(max_examples=60, deadline=None)
@given(series=candles(max_bars=230))
def test_features_are_finite_or_none(series: Series) -> None:
    assert all(value is None or math.isfinite(value) for value in market_features(series).values())


@given(features=ANY_FEATURES, extras=ANY_EXTRAS)
def test_any_input_makes_a_unit_vector_that_float32_holds_exactly(
    features: dict[str, float | None], extras: dict[str, float | None]
) -> None:
    vector = context_vector(features, extras)
    assert len(vector) == SIZE
    assert math.fsum(x * x for x in vector) == pytest.approx(1.0, abs=1e-5)
    assert struct.unpack(f"{SIZE}f", struct.pack(f"{SIZE}f", *vector)) == vector


def test_missing_values_are_masked_not_invented() -> None:
    features = market_features(walk(400))
    whole, without = context_vector(features), context_vector({**features, "rsi_14": None})
    at = NAMES.index("rsi_14")
    assert whole[at] != 0 and whole[31 + at] == 0
    assert without[at] == 0 and without[31 + at] > 0
    assert without == context_vector({**features, "rsi_14": math.nan})


def test_alike_markets_are_nearer_than_unlike_ones() -> None:
    rising, rising_too, falling = (
        context_vector(market_features(walk_with_drift(drift, seed)))
        for drift, seed in ((0.004, 1), (0.004, 2), (-0.004, 3))
    )
    assert np.dot(rising, rising_too) > np.dot(rising, falling) + 0.3


def walk_with_drift(drift: float, seed: int) -> Series:
    series = walk(400, seed=seed)
    slope = np.exp(drift * np.arange(400))
    return {name: values if name == "volume" else values * slope for name, values in series.items()}
