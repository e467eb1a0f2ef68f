"""How far prices move: true range, bands, channels and the deviation of returns."""

import math

import numpy as np

from openoutcry.indicators.arrays import Array, highest, lowest, ratio, shifted, unit
from openoutcry.indicators.averages import ema
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window + 1)
def atr(high: Array, low: Array, close: Array, window: int = 14) -> Array:
    """Average true range, Wilder smoothed, in price units."""
    return np.asarray(ta.ATR(high, low, close, window))


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window + 1)
def natr(high: Array, low: Array, close: Array, window: int = 14) -> Array:
    """Average true range as a percentage of the close."""
    return ratio(100.0 * atr(high, low, close, window), close)


@indicator(
    inputs=("close",),
    params=(window(20, 2), factor("deviations", 2, 0.1, 10)),
    outputs=("upper", "middle", "lower", "percent_b", "width"),
    bars=lambda window, deviations: window,
)
def bbands(
    close: Array, window: int = 20, deviations: float = 2.0
) -> tuple[Array, Array, Array, Array, Array]:
    """Bollinger bands (population deviation); percent_b is 0 at the lower and 1 at the upper, width in %.

    A flat window has all three bands at the price, percent_b 0.5 and width 0.
    """
    scale = unit(close)
    upper, middle, lower = (
        band / scale for band in ta.BBANDS(close * scale, window, deviations, deviations, 0)
    )
    flat = highest(close, window) == lowest(close, window)
    upper, middle, lower = (np.where(flat, close, band) for band in (upper, middle, lower))
    percent_b = ratio(close - lower, upper - lower, 0.5) + 0.0 * middle
    return upper, middle, lower, percent_b, ratio(100.0 * (upper - lower), middle)


@indicator(
    inputs=("high", "low"),
    params=(window(20),),
    outputs=("upper", "lower", "middle"),
    bars=lambda window: window + 1,
)
def donchian(high: Array, low: Array, window: int = 20) -> tuple[Array, Array, Array]:
    """Highest high and lowest low of the ``window`` bars before this one, so that a breakout can be seen."""
    upper, lower = shifted(highest(high, window), 1), shifted(lowest(low, window), 1)
    return upper, lower, (upper + lower) / 2.0


@indicator(
    inputs=("high", "low", "close"),
    params=(window(20), window(10, name="window_atr"), factor("multiplier", 2, 0.1, 10)),
    outputs=("upper", "middle", "lower"),
    bars=lambda window, window_atr, multiplier: max(window, window_atr + 1),
)
def keltner(
    high: Array, low: Array, close: Array, window: int = 20, window_atr: int = 10, multiplier: float = 2.0
) -> tuple[Array, Array, Array]:
    """Keltner channel: EMA of the close ± multiplier × ATR."""
    middle, reach = ema(close, window), multiplier * atr(high, low, close, window_atr)
    return middle + reach, middle + 0.0 * reach, middle - reach


@indicator(inputs=("close",), params=(window(48, 2),), bars=lambda window: window + 1)
def realized_vol(close: Array, window: int = 48) -> Array:
    """Sample standard deviation (ddof 1) of the window's log returns, per bar, as a fraction."""
    returns = _log_returns(close)
    return np.asarray(ta.STDDEV(returns, window, math.sqrt(window / (window - 1))))


def _log_returns(close: Array) -> Array:
    logs = np.where(close > 0, np.log(np.where(close > 0, close, 1.0)), np.nan)
    return logs - shifted(logs, 1)
