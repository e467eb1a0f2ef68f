"""Moving averages. With ``from_first`` the exponential kinds start from the first value (see smoothing.py)."""

import math

from openoutcry.indicators import smoothing
from openoutcry.indicators.line import Line, absolute, is_live, ratio
from openoutcry.indicators.rolling import lag, mean, regression_end, total, weighted, weighted_mean
from openoutcry.indicators.scan import State, scan
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def sma(close: Line, window: int = 20) -> Line:
    """Simple moving average."""
    return mean(close, window)


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def ema(close: Line, window: int = 20, *, from_first: bool = False) -> Line:
    """Exponential moving average, weight 2/(window+1)."""
    return smoothing.ema(close, window, from_first=from_first)


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def wma(close: Line, window: int = 20) -> Line:
    """Linearly weighted moving average, newest bar heaviest."""
    return weighted_mean(close, window)


@indicator(inputs=("close",), params=(window(14),), bars=lambda window: window)
def smma(close: Line, window: int = 14, *, from_first: bool = False) -> Line:
    """Smoothed moving average (Wilder's, also called RMA), weight 1/window."""
    return smoothing.wilder(close, window, from_first=from_first)


@indicator(inputs=("close",), params=(window(21),), bars=lambda window: 2 * window - 1)
def dema(close: Line, window: int = 21, *, from_first: bool = False) -> Line:
    """Double exponential moving average: 2·EMA − EMA of EMA."""
    once = smoothing.ema(close, window, from_first=from_first)
    return 2.0 * once - smoothing.ema(once, window, from_first=from_first)


@indicator(inputs=("close",), params=(window(21),), bars=lambda window: 3 * window - 2)
def tema(close: Line, window: int = 21, *, from_first: bool = False) -> Line:
    """Triple exponential moving average: 3·EMA − 3·EMA² + EMA³."""
    once = smoothing.ema(close, window, from_first=from_first)
    twice = smoothing.ema(once, window, from_first=from_first)
    return 3.0 * once - 3.0 * twice + smoothing.ema(twice, window, from_first=from_first)


@indicator(inputs=("close",), params=(window(20),), bars=lambda window: window)
def trima(close: Line, window: int = 20) -> Line:
    """Triangular moving average: a mean of means, so that the middle of the window weighs most."""
    inner = (window + 1) // 2
    return mean(mean(close, inner), window + 1 - inner)


@indicator(inputs=("close",), params=(window(16, 4),), bars=lambda window: window + math.isqrt(window) - 1)
def hma(close: Line, window: int = 16) -> Line:
    """Hull moving average: WMA of 2·WMA(half) − WMA(whole) over √window bars."""
    raw = 2.0 * weighted_mean(close, window // 2) - weighted_mean(close, window)
    return weighted_mean(raw, math.isqrt(window))


@indicator(
    inputs=("close",),
    params=(window(10), factor("volume_factor", 0.7, 0, 1)),
    bars=lambda window, volume_factor: 6 * window - 5,
)
def t3(close: Line, window: int = 10, volume_factor: float = 0.7, *, from_first: bool = False) -> Line:
    """Tillson's T3: six exponential averages blended by the volume factor."""
    stages = [close]
    for _ in range(6):
        stages.append(smoothing.ema(stages[-1], window, from_first=from_first))
    v, v2, v3 = volume_factor, volume_factor**2, volume_factor**3
    weights = (1 + 3 * v + 3 * v2 + v3, -6 * v2 - 3 * v - 3 * v3, 3 * v2 + 3 * v3, -v3)
    return sum((weight * stage for weight, stage in zip(weights, stages[3:], strict=True)), 0.0)


@indicator(
    inputs=("close",),
    params=(window(21), factor("offset", 0.85, 0, 1), factor("sigma", 6, 0.1, 100)),
    bars=lambda window, offset, sigma: window,
)
def alma(close: Line, window: int = 21, offset: float = 0.85, sigma: float = 6.0) -> Line:
    """Arnaud Legoux moving average: Gaussian weights around ``offset`` of the window."""
    centre = math.floor(offset * (window - 1))
    raw = [math.exp(-0.5 * (sigma / window * (i - centre)) ** 2) for i in range(window)]
    whole = math.fsum(raw)
    return weighted(close, [weight / whole for weight in raw])


@indicator(inputs=("close",), params=(window(20, 2),), bars=lambda window: window)
def epma(close: Line, window: int = 20) -> Line:
    """End point moving average: where the regression line through the window ends."""
    return regression_end(close, window)


@indicator(
    inputs=("close",),
    params=(window(10, 2), window(2, 1, 100, name="pow1"), window(30, 1, 1000, name="pow2")),
    bars=lambda window, pow1, pow2: window + 1,
)
def kama(close: Line, window: int = 10, pow1: int = 2, pow2: int = 30) -> Line:
    """Kaufman's adaptive moving average: as fast as EMA(pow1) in a straight move, as slow as EMA(pow2) in noise."""
    if not is_live(close) and (pow1, pow2) == (2, 30):
        return ta.KAMA(close, window)
    before = lag(close, 1)
    efficiency = ratio(absolute(close - lag(close, window)), total(absolute(close - before), window), 1.0)
    fast, slow = 2.0 / (pow1 + 1.0), 2.0 / (pow2 + 1.0)
    pace = efficiency * (fast - slow) + slow
    return scan(_adapt, _adapt_first, 1, close, before, pace * pace)[0]


def _adapt_first(close: float, before: float, pace: float) -> State:
    return (before + pace * (close - before),)


def _adapt(state: State, close: float, before: float, pace: float) -> State:
    return (state[0] + pace * (close - state[0]),)


@indicator(inputs=("volume",), params=(window(20),), bars=lambda window: window)
def volume_sma(volume: Line, window: int = 20) -> Line:
    """Simple moving average of volume."""
    return mean(volume, window)


@indicator(inputs=("close", "volume"), params=(window(20),), bars=lambda window: window)
def vwma(close: Line, volume: Line, window: int = 20) -> Line:
    """Close averaged by volume; NaN while the window has no volume."""
    return ratio(total(close * volume, window), total(volume, window))


@indicator(inputs=("high", "low", "close", "volume"), params=(window(14),), bars=lambda window: window)
def vwap(high: Line, low: Line, close: Line, volume: Line, window: int = 14) -> Line:
    """Rolling volume-weighted average of the typical price; NaN while the window has no volume."""
    return ratio(total((high + low + close) / 3.0 * volume, window), total(volume, window))
