"""Oscillators: how fast price moves, and where it stands in its recent range."""

import numpy as np

from openoutcry.indicators.arrays import Array, highest, lowest, mean, ratio, shifted, unit
from openoutcry.indicators.spec import indicator, window
from openoutcry.indicators.talib import ta

NEUTRAL_RSI = 50.0


@indicator(inputs=("close",), params=(window(14, 2),), bars=lambda window: window + 1)
def rsi(close: Array, window: int = 14) -> Array:
    """Relative strength index with Wilder's smoothing, 0–100; 50 while nothing moves."""
    x = close * unit(close)
    out = np.asarray(ta.RSI(x, window))
    low = out == 0
    if (
        low.any()
    ):  # TA-Lib says 0 for nothing but losses and for no change at all: only then is the mirror 0 too
        out[low & (np.asarray(ta.RSI(-x, window)) == 0)] = NEUTRAL_RSI
    return out


@indicator(
    inputs=("close",),
    params=(
        window(12, 2, name="window_fast"),
        window(26, 2, name="window_slow"),
        window(9, 1, name="window_sign"),
    ),
    outputs=("macd", "signal", "hist"),
    bars=lambda window_fast, window_slow, window_sign: max(window_fast, window_slow) + window_sign - 1,
)
def macd(
    close: Array, window_fast: int = 12, window_slow: int = 26, window_sign: int = 9
) -> tuple[Array, Array, Array]:
    """Fast EMA − slow EMA, its EMA, and the difference of the two (in price units)."""
    line, signal, hist = ta.MACD(close, window_fast, window_slow, window_sign)
    if window_fast > window_slow:  # TA-Lib swaps them; the sign says which is fast
        return -line, -signal, -hist
    return line, signal, hist


@indicator(inputs=("close",), params=(window(12),), bars=lambda window: window + 1)
def roc(close: Array, window: int = 12) -> Array:
    """Rate of change over the window, in percent."""
    before = shifted(close, window)
    return ratio(100.0 * (close - before), before)


@indicator(inputs=("close",), params=(window(10),), bars=lambda window: window + 1)
def mom(close: Array, window: int = 10) -> Array:
    """Change over the window, in price units."""
    return close - shifted(close, window)


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14), window(3, name="smooth_k"), window(3, name="smooth_d")),
    outputs=("k", "d"),
    bars=lambda window, smooth_k, smooth_d: window + smooth_k + smooth_d - 2,
)
def stochastic(
    high: Array, low: Array, close: Array, window: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> tuple[Array, Array]:
    """Place of the close in the window's range, 0–100, smoothed (%K) and again (%D); 50 in a flat window."""
    k = mean(_place(high, low, close, window), smooth_k)
    return k, mean(k, smooth_d)


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window)
def williams_r(high: Array, low: Array, close: Array, window: int = 14) -> Array:
    """Williams %R: the same place in the range, from −100 (at the low) to 0; −50 in a flat window."""
    return _place(high, low, close, window) - 100.0


def _place(high: Array, low: Array, close: Array, window: int) -> Array:
    top, bottom = highest(high, window), lowest(low, window)
    return ratio(100.0 * (close - bottom), top - bottom, 50.0) + 0.0 * top


@indicator(inputs=("high", "low", "close"), params=(window(20, 2),), bars=lambda window: window)
def cci(high: Array, low: Array, close: Array, window: int = 20) -> Array:
    """Commodity channel index of the typical price (constant 0.015); 0 in a flat window."""
    typical = (high + low + close) / 3.0
    out = np.asarray(ta.CCI(typical, typical, typical, window))
    return np.where(highest(typical, window) == lowest(typical, window), 0.0, out)
