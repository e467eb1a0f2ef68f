"""Moving averages. EMA kinds start from the simple average of their first window, as TA-Lib does."""

import numpy as np

from openoutcry.indicators.arrays import Array, mean, ratio, total
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def sma(close: Array, window: int = 20) -> Array:
    """Simple moving average."""
    return mean(close, window)


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def ema(close: Array, window: int = 20) -> Array:
    """Exponential moving average, weight 2/(window+1)."""
    return np.asarray(ta.EMA(close, window))


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def wma(close: Array, window: int = 20) -> Array:
    """Linearly weighted moving average, newest bar heaviest."""
    return np.asarray(ta.WMA(close, window))


@indicator(inputs=("close",), params=(window(14),), bars=lambda window: window)
def smma(close: Array, window: int = 14) -> Array:
    """Smoothed (Wilder, RMA) moving average, weight 1/window."""
    return np.asarray(ta.RMA(close, window))


@indicator(inputs=("close",), params=(window(21),), bars=lambda window: 2 * window - 1)
def dema(close: Array, window: int = 21) -> Array:
    """Double exponential moving average: 2·EMA − EMA of EMA."""
    return np.asarray(ta.DEMA(close, window))


@indicator(inputs=("close",), params=(window(21),), bars=lambda window: 3 * window - 2)
def tema(close: Array, window: int = 21) -> Array:
    """Triple exponential moving average."""
    return np.asarray(ta.TEMA(close, window))


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def trima(close: Array, window: int = 20) -> Array:
    """Triangular moving average: the middle of the window weighs most."""
    return np.asarray(ta.TRIMA(close, window))


@indicator(
    inputs=("close",),
    params=(window(10), factor("volume_factor", 0.7, 0, 1)),
    bars=lambda window, volume_factor: 6 * window - 5,
)
def t3(close: Array, window: int = 10, volume_factor: float = 0.7) -> Array:
    """Tillson's T3: six exponential averages blended by the volume factor."""
    return np.asarray(ta.T3(close, window, volume_factor))


@indicator(inputs=("volume",), params=(window(20),), bars=lambda window: window)
def volume_sma(volume: Array, window: int = 20) -> Array:
    """Simple moving average of volume."""
    return mean(volume, window)


@indicator(inputs=("close", "volume"), params=(window(20),), bars=lambda window: window)
def vwma(close: Array, volume: Array, window: int = 20) -> Array:
    """Close averaged by volume; NaN while the window has no volume."""
    return ratio(total(close * volume, window), total(volume, window))


@indicator(inputs=("high", "low", "close", "volume"), params=(window(14),), bars=lambda window: window)
def vwap(high: Array, low: Array, close: Array, volume: Array, window: int = 14) -> Array:
    """Rolling volume-weighted average of the typical price; NaN while the window has no volume."""
    return ratio(total((high + low + close) / 3.0 * volume, window), total(volume, window))
