"""How far prices move: true range, bands, channels and the deviation of returns."""

import math

import numpy as np

from openoutcry.indicators.line import (
    Line,
    absolute,
    is_live,
    known,
    logarithm,
    maximum,
    ratio,
    square_root,
    where,
)
from openoutcry.indicators.rolling import deviation, highest, highest_so_far, lag, lowest, mean
from openoutcry.indicators.smoothing import ema, wilder
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta


def true_range_of(high: Line, low: Line, close: Line, *, from_first: bool = False) -> Line:
    """Range of the bar, the gap from the close before included. The first bar has none, or its own with from_first."""
    before = lag(close, 1)
    reach = maximum(high - low, maximum(absolute(high - before), absolute(low - before)))
    return where(known(reach), reach, high - low) if from_first else reach


@indicator(inputs=("high", "low", "close"), bars=lambda: 2)
def true_range(high: Line, low: Line, close: Line) -> Line:
    """Range of the bar, the gap from the close before included, in price units."""
    return true_range_of(high, low, close)


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window + 1)
def atr(high: Line, low: Line, close: Line, window: int = 14, *, from_first: bool = False) -> Line:
    """Average true range, Wilder smoothed, in price units."""
    if not is_live(close) and not from_first:
        return np.asarray(ta.ATR(high, low, close, window))
    return wilder(true_range_of(high, low, close, from_first=from_first), window)


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window + 1)
def natr(high: Line, low: Line, close: Line, window: int = 14, *, from_first: bool = False) -> Line:
    """Average true range as a percentage of the close."""
    return ratio(100.0 * atr.fn(high, low, close, window, from_first=from_first), close)


@indicator(
    inputs=("close",),
    params=(window(20, 2), factor("deviations", 2, 0.1, 10)),
    outputs=("upper", "middle", "lower", "percent_b", "width"),
    bars=lambda window, deviations: window,
)
def bbands(close: Line, window: int = 20, deviations: float = 2.0) -> tuple[Line, Line, Line, Line, Line]:
    """Bollinger bands (population deviation); percent_b is 0 at the lower and 1 at the upper band, width in %.

    A flat window has all three bands at the price, percent_b 0.5 and width 0.
    """
    spread = deviation(close, window)
    middle = where(spread > 0, mean(close, window), close + 0.0 * spread)
    upper, lower = middle + deviations * spread, middle - deviations * spread
    percent_b = ratio(close - lower, upper - lower, 0.5)
    return upper, middle, lower, percent_b, ratio(100.0 * (upper - lower), middle)


@indicator(
    inputs=("high", "low"),
    params=(window(20),),
    outputs=("upper", "lower", "middle"),
    bars=lambda window: window + 1,
)
def donchian(high: Line, low: Line, window: int = 20) -> tuple[Line, Line, Line]:
    """Highest high and lowest low of the ``window`` bars before this one, so that a breakout can be seen."""
    upper, lower = lag(highest(high, window), 1), lag(lowest(low, window), 1)
    return upper, lower, (upper + lower) / 2.0


@indicator(
    inputs=("high", "low", "close"),
    params=(window(20), window(10, name="window_atr"), factor("multiplier", 2, 0.1, 10)),
    outputs=("upper", "middle", "lower"),
    bars=lambda window, window_atr, multiplier: max(window, window_atr + 1),
)
def keltner(
    high: Line,
    low: Line,
    close: Line,
    window: int = 20,
    window_atr: int = 10,
    multiplier: float = 2.0,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Keltner channel: EMA of the close ± multiplier × ATR."""
    middle = ema(close, window, from_first=from_first)
    return _around(middle, multiplier * atr.fn(high, low, close, window_atr, from_first=from_first))


@indicator(
    inputs=("high", "low", "close"),
    params=(window(20), window(15, name="window_atr"), factor("multiplier", 2, 0.1, 10)),
    outputs=("upper", "middle", "lower"),
    bars=lambda window, window_atr, multiplier: max(window, window_atr + 1),
)
def starc(
    high: Line,
    low: Line,
    close: Line,
    window: int = 20,
    window_atr: int = 15,
    multiplier: float = 2.0,
    *,
    from_first: bool = False,
) -> tuple[Line, Line, Line]:
    """Stoller's average range channel: mean of the close ± multiplier × ATR."""
    return _around(
        mean(close, window), multiplier * atr.fn(high, low, close, window_atr, from_first=from_first)
    )


def _around(middle: Line, reach: Line) -> tuple[Line, Line, Line]:
    return middle + reach, middle + 0.0 * reach, middle - reach


@indicator(inputs=("close",), params=(window(48, 2),), bars=lambda window: window + 1)
def realized_vol(close: Line, window: int = 48) -> Line:
    """Sample standard deviation (ddof 1) of the window's log returns, per bar, as a fraction."""
    logs = logarithm(close)
    return deviation(logs - lag(logs, 1), window) * sample(window)


def sample(size: int) -> float:
    """What turns a population deviation into a sample's (ddof 1)."""
    return math.sqrt(size / (size - 1))


@indicator(inputs=("close",), params=(window(14),), bars=lambda window: window)
def ulcer_index(close: Line, window: int = 14) -> Line:
    """Root mean square of the falls, in percent, from the highest close of up to ``window`` bars."""
    top = highest_so_far(close, window)
    fall = ratio(100.0 * (close - top), top)
    return square_root(maximum(mean(fall * fall, window), 0.0))
