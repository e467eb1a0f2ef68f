"""Candles to test indicators on, seeded."""

import numpy as np
from hypothesis import strategies as st

from openoutcry.indicators.line import Array

Series = dict[str, Array]


def walk(bars: int, seed: int = 1, step: float = 0.01, start: float = 100.0) -> Series:
    """A geometric random walk with wicks, opens at the close before, and lognormal volume."""
    rng = np.random.default_rng(seed)
    close = start * np.exp(np.cumsum(rng.normal(0, step, bars)))
    opened = np.concatenate(([start], close[:-1]))[:bars]
    high = np.maximum(opened, close) * (1 + np.abs(rng.normal(0, step / 2, bars)))
    low = np.minimum(opened, close) * (1 - np.abs(rng.normal(0, step / 2, bars)))
    return {"open": opened, "high": high, "low": low, "close": close, "volume": rng.lognormal(3, 1, bars)}


def flat(bars: int, price: float = 60000.01, volume: float = 3.0) -> Series:
    """Nothing ever moves."""
    return {
        **{name: np.full(bars, price) for name in ("open", "high", "low", "close")},
        "volume": np.full(bars, volume),
    }


def cut(series: Series, bars: int) -> Series:
    """The first ``bars`` bars."""
    return {name: values[:bars] for name, values in series.items()}


@st.composite
def candles(draw: st.DrawFn, *, min_bars: int = 0, max_bars: int = 120) -> Series:
    """Valid candles whose moves are any mix of flat, small and large, at any price level."""
    bars = draw(st.integers(min_bars, max_bars))
    start = draw(st.sampled_from((1e-8, 0.37, 100.0, 64_000.0, 1e12)))
    close = start * np.cumprod(1.0 + draw(mix(bars, (0.0, 0.0, 1e-6, -1e-6, 0.01, -0.01, 0.2, -0.15))))
    opened = np.concatenate(([start], close[:-1]))[:bars]
    wicks = mix(bars, (0.0, 0.001, 0.05))
    high = np.maximum(opened, close) * (1.0 + draw(wicks))
    low = np.minimum(opened, close) * (1.0 - draw(wicks))
    volume = draw(mix(bars, (0.0, 1e-9, 1.0, 12.5, 1e9)))
    return {"open": opened, "high": high, "low": low, "close": close, "volume": volume}


def mix(count: int, values: tuple[float, ...]) -> st.SearchStrategy[Array]:
    """So many of these values, in any order: one string of bytes that chooses them, drawn ten times faster than each."""
    chosen = st.binary(min_size=count, max_size=count)
    return chosen.map(lambda which: np.array(values)[np.frombuffer(which, np.uint8) % len(values)])
