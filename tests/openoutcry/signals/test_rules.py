"""What holds for every signal, whatever the bars and parameters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.errors import DataUnavailable
from openoutcry.signals.registry import REGISTRY
from tests.openoutcry.indicators.series import Series, candles, flat, walk
from tests.openoutcry.signals.market import bars_of, parameters, upto, usual

ON_PRICE = sorted(name for name, signal in REGISTRY.items() if signal.set != "onchain")
ELSEWHERE = sorted(name for name, signal in REGISTRY.items() if signal.set == "onchain")
COLUMNS = sorted({column for name in ELSEWHERE for column in REGISTRY[name].requires})


@pytest.mark.parametrize("name", ON_PRICE)
@settings(max_examples=12, deadline=None)
@given(series=candles(max_bars=110), data=st.data())
def test_every_bar_is_as_if_it_were_the_last(name: str, series: Series, data: st.DataObject) -> None:
    signal, bars = REGISTRY[name], bars_of(series)
    params = data.draw(parameters(signal))
    whole = signal.evaluate(bars, params)
    assert whole.dtype == np.bool_ and len(whole) == len(bars)
    for last in data.draw(st.lists(st.integers(0, max(len(bars) - 1, 0)), max_size=6)):
        if last < len(bars):
            assert signal.evaluate(upto(bars, last + 1), params)[-1] == whole[last]


@pytest.mark.parametrize("name", ON_PRICE)
def test_a_long_walk_is_the_same_bar_by_bar(name: str) -> None:
    signal, bars = REGISTRY[name], bars_of(walk(420, seed=12, step=0.02))
    whole = signal.evaluate(bars, usual(signal))
    marks = np.unique(np.concatenate((np.flatnonzero(whole)[:25], np.flatnonzero(~whole)[-25:])))
    for last in marks.tolist():
        assert signal.evaluate(upto(bars, last + 1), usual(signal))[-1] == whole[last]


@pytest.mark.parametrize("name", ON_PRICE)
def test_too_little_history_and_nothing_known_are_false(name: str) -> None:
    signal = REGISTRY[name]
    needs = signal.needs(**signal.read(usual(signal)))
    found = signal.evaluate(bars_of(walk(needs + 200, seed=3)), usual(signal))
    assert not found[: needs - 1].any()
    assert not signal.evaluate(bars_of(walk(0)), usual(signal)).any()
    unknown = {name: np.full(300, np.nan) for name in ("open", "high", "low", "close", "volume")}
    assert not signal.evaluate(bars_of(unknown), usual(signal)).any()


@pytest.mark.parametrize("name", [name for name in ON_PRICE if REGISTRY[name].kind == "TRIGGER"])
@pytest.mark.parametrize("price", [60000.01, 0.37, 1e-8])
def test_a_market_that_stands_still_triggers_nothing(name: str, price: float) -> None:
    signal = REGISTRY[name]
    assert not signal.evaluate(bars_of(flat(600, price)), usual(signal)).any()


OPPOSITES = [
    ("rsi_overbought", "rsi_oversold"), ("tsi_bullish", "tsi_bearish"), ("price_above_ema", None),
    ("ichimoku_bullish", "ichimoku_bearish"), ("psar_bullish", "psar_bearish"), ("vortex_bullish", "vortex_bearish"),
    ("obv_bullish", "obv_bearish"), ("ema_cross_up", "ema_cross_down"), ("alligator_bullish", "alligator_bearish"),
    ("supertrend_long", "supertrend_short"), ("kvo_bullish", "kvo_bearish"), ("macd_positive", None),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), OPPOSITES)
@pytest.mark.parametrize("price", [60000.01, 1e-8])
def test_opposites_are_never_both_and_neither_in_a_still_market(
    one: str, other: str | None, price: float
) -> None:
    names = [name for name in (one, other) if name]
    moving, still = bars_of(walk(500, seed=2)), bars_of(flat(500, price))
    assert not np.all([REGISTRY[name].evaluate(moving) for name in names], axis=0).any() or other is None
    for name in names:
        assert REGISTRY[name].evaluate(moving).any()
        assert not REGISTRY[name].evaluate(still)[-50:].any() or name.startswith("supertrend")


@pytest.mark.parametrize("name", ELSEWHERE)
def test_data_that_no_source_gives_is_unavailable(name: str) -> None:
    signal = REGISTRY[name]
    with pytest.raises(DataUnavailable, match=signal.requires[0]):
        signal.evaluate(bars_of(walk(50)))


@st.composite
def published(draw: st.DrawFn) -> tuple[Series, dict[str, np.ndarray]]:
    """A walk, and columns with values at some bars."""
    count = draw(st.integers(1, 80))
    cell = st.sampled_from((float("nan"), -1.5, -0.01, 0.0, 0.01, 0.02, 0.4, 3.0, 100.0))
    rows = draw(st.lists(cell, min_size=count, max_size=count))
    return walk(count), {column: np.array(rows) for column in COLUMNS}


@pytest.mark.parametrize("name", ELSEWHERE)
@settings(max_examples=15, deadline=None)
@given(market=published(), data=st.data())
def test_published_values_are_judged_bar_by_bar_too(
    name: str, market: tuple[Series, dict[str, np.ndarray]], data: st.DataObject
) -> None:
    signal, bars = REGISTRY[name], bars_of(*market)
    params = data.draw(parameters(signal))
    whole = signal.evaluate(bars, params)
    for last in range(0, len(bars), 7):
        assert signal.evaluate(upto(bars, last + 1), params)[-1] == whole[last]
    if signal.kind == "TRIGGER":
        assert not whole[np.isnan(bars.other[signal.requires[0]])].any()
