"""Oscillators of the whole bar: where the close stands in the range of the bar or of the window."""

from collections import deque

import numpy as np

from openoutcry.indicators.line import Array, Line, absolute, minimum, ratio, where
from openoutcry.indicators.rolling import highest, lag, lowest, mean, total, windowed, windows_apart
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta
from openoutcry.indicators.volatility import true_range_of

NEUTRAL = 50.0
MAD_SCALE = 0.015
ROUNDING = 1e-11


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14), window(3, name="smooth_k"), window(3, name="smooth_d")),
    outputs=("k", "d"),
    bars=lambda window, smooth_k, smooth_d: window + smooth_k + smooth_d - 2,
)
def stochastic(
    high: Line, low: Line, close: Line, window: int = 14, smooth_k: int = 3, smooth_d: int = 3
) -> tuple[Line, Line]:
    """Place of the close in the window's range, 0–100, smoothed (%K) and again (%D); 50 in a flat window."""
    k = mean(_place(high, low, close, window), smooth_k)
    return k, mean(k, smooth_d)


@indicator(inputs=("high", "low", "close"), params=(window(14),), bars=lambda window: window)
def williams_r(high: Line, low: Line, close: Line, window: int = 14) -> Line:
    """Williams %R: the same place in the range, from −100 (at the low) to 0; −50 in a flat window."""
    return _place(high, low, close, window) - 100.0


def _place(high: Line, low: Line, close: Line, window: int) -> Line:
    bottom = lowest(low, window)
    return ratio(100.0 * (close - bottom), highest(high, window) - bottom, NEUTRAL)


@indicator(
    inputs=("high", "low", "close"),
    params=(window(20, 2), factor("constant", MAD_SCALE, 0.001, 0.1)),
    bars=lambda window, constant: window,
)
def cci(high: Line, low: Line, close: Line, window: int = 20, constant: float = MAD_SCALE) -> Line:
    """Commodity channel index: typical price from its mean, in mean deviations × constant; 0 in a flat window."""
    typical = (high + low + close) / 3.0
    still = highest(typical, window) - lowest(typical, window) <= ROUNDING * absolute(typical)
    raw = windowed(lambda a: _ccis(a, window), _cci_last, typical, window)
    return where(still, 0.0 * raw, raw) * (MAD_SCALE / constant)


def _ccis(values: Array, size: int) -> Array:
    """TA-Lib's, and where the window hardly moves, of each window by itself."""
    out = np.asarray(ta.CCI(values, values, values, size))
    reach = np.asarray(ta.MAX(values, size)) - np.asarray(ta.MIN(values, size))
    for rows, moves in windows_apart(values, size, reach):
        around = moves - moves.mean(axis=1, keepdims=True)
        spread = np.abs(around).mean(axis=1)
        out[rows] = np.where(spread > 0, around[:, -1] / (MAD_SCALE * spread), 0.0)
    return out


def _cci_last(values: deque[float]) -> float:
    first = values[0]
    moves = [value - first for value in values]
    centre = sum(moves) / len(moves)
    spread = sum(abs(move - centre) for move in moves) / len(moves)
    return (moves[-1] - centre) / (MAD_SCALE * spread) if spread else 0.0


@indicator(
    inputs=("high", "low"),
    params=(window(5, name="window_fast"), window(34, name="window_slow")),
    bars=lambda window_fast, window_slow: max(window_fast, window_slow),
)
def ao(high: Line, low: Line, window_fast: int = 5, window_slow: int = 34) -> Line:
    """Awesome oscillator: fast − slow mean of the bar's middle, in price units."""
    middle = (high + low) / 2.0
    return mean(middle, window_fast) - mean(middle, window_slow)


@indicator(
    inputs=("high", "low", "close"),
    params=(window(7, name="window_short"), window(14, name="window_medium"), window(28, name="window_long")),
    bars=lambda window_short, window_medium, window_long: max(window_short, window_medium, window_long) + 1,
)
def uo(
    high: Line,
    low: Line,
    close: Line,
    window_short: int = 7,
    window_medium: int = 14,
    window_long: int = 28,
    *,
    from_first: bool = False,
) -> Line:
    """Ultimate oscillator, 0–100: buying pressure over true range in three windows weighing 4, 2 and 1; 50 while flat."""
    reach = true_range_of(high, low, close, from_first=from_first)
    pressure = close - minimum(low, lag(close, 1))
    parts = [
        ratio(total(pressure, size), total(reach, size), 0.5)
        for size in (window_short, window_medium, window_long)
    ]
    return 100.0 * (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 7.0


@indicator(inputs=("open", "high", "low", "close"), bars=lambda: 1)
def bop(open: Line, high: Line, low: Line, close: Line) -> Line:
    """Balance of power: body over range of the bar, −1–1; 0 for a bar without range."""
    return ratio(close - open, high - low, 0.0)
