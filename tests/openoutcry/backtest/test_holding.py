"""Signals in one pass are those of the registry, bar by bar, whatever the series does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openoutcry.backtest.series import Series
from openoutcry.market.candles import Candles
from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.rules import Rule
from tests.openoutcry.backtest.runs import HOUR, START

WINDOWS = st.integers(1, 60)


def closes(seed: int, count: int, kind: str) -> np.ndarray:
    """Walks, steps between few prices (many ties), flat stretches, tiny and huge prices."""
    rng = np.random.default_rng(seed)
    walk = np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    if kind == "ties":
        return rng.choice([100.0, 100.1, 100.3], count)
    if kind == "flat":
        return np.where(rng.random(count) < 0.9, 100.0, 101.0)
    if kind == "constant":
        return np.full(count, 7.0)
    return walk * {"walk": 100.0, "tiny": 1e-9, "huge": 1e12}[kind]


def series(seed: int, count: int, kind: str) -> Series:
    """Hourly bars around such closes."""
    close = closes(seed, count, kind)
    columns = close, close * 1.01, close * 0.99, close, np.ones(count)
    return Series.of(Candles.of(START + HOUR * np.arange(count), *columns), "1h")


@st.composite
def rules(draw):
    """A rule of each signal that has a pass of its own."""
    from openoutcry.backtest.holding import FAST

    signal = REGISTRY[draw(st.sampled_from(sorted(FAST)))]
    params = {}
    for param in signal.params:
        if param.kind == "str":
            params[param.name] = draw(st.sampled_from(param.choices))
        elif param.kind == "int":
            params[param.name] = max(int(param.low), draw(WINDOWS))
        else:
            params[param.name] = draw(
                st.sampled_from([50.0, param.low, param.high, (param.low + param.high) / 2])
            )
    return Rule(name=signal.name, signal_type=signal.kind, timeframe="1h", params=signal.read(params))


@settings(max_examples=200, deadline=None)
@given(
    rules(),
    st.integers(0, 2**32),
    st.integers(2, 300),
    st.sampled_from(["walk", "ties", "flat", "constant", "tiny", "huge"]),
)
def test_same_bars_as_the_registry(rule, seed, count, kind):
    from openoutcry.backtest.holding import Holding

    bars = series(seed, count, kind)
    expected = REGISTRY[rule.name].evaluate(Bars.of(bars.candles), rule.params)
    assert np.array_equal(Holding(bars).one(rule).view(bool), expected)


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("sma_cross_up", {"window_fast": 20, "window_slow": 50}),
        ("is_above_sma", {"window": 50}),
        ("rsi_oversold", {"window": 14, "threshold": 30.0}),
        ("rsi_cross_up", {"window": 14, "threshold": 50.0}),
    ],
)
def test_same_bars_on_a_long_series_and_decided_without_asking(name, params, monkeypatch):
    from openoutcry.backtest import holding

    bars = series(3, 200_000, "walk")
    expected = REGISTRY[name].evaluate(Bars.of(bars.candles), params)
    monkeypatch.setattr(holding, "holds", None)  # a pass that could not tell would call it
    kind = REGISTRY[name].kind
    found = holding.Holding(bars).one(Rule(name=name, signal_type=kind, timeframe="1h", params=params))
    assert np.array_equal(found.view(bool), expected)
    assert expected.any()
