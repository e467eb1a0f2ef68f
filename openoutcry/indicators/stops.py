"""Stops that follow the price: SuperTrend, parabolic, chandelier, ATR and volatility stops."""

import math
from collections.abc import Callable

import numpy as np

from openoutcry.indicators.line import Line, is_live, known, ratio, where
from openoutcry.indicators.rolling import deviation, highest, lag, lowest
from openoutcry.indicators.scan import State, scan
from openoutcry.indicators.spec import factor, indicator, window
from openoutcry.indicators.talib import ta
from openoutcry.indicators.volatility import atr, sample


@indicator(
    inputs=("high", "low", "close"),
    params=(window(10, 2), factor("multiplier", 3, 0.1, 10)),
    outputs=("value", "direction"),
    bars=lambda window, multiplier: window + 1,
)
def supertrend(
    high: Line, low: Line, close: Line, window: int = 10, multiplier: float = 3.0
) -> tuple[Line, Line]:
    """Trailing band of multiplier × ATR around the bar's middle, and its direction: 1 up, −1 down."""
    if not is_live(close):
        value, direction = ta.SUPERTREND(high, low, close, window, multiplier)
        return value, np.where(np.isnan(value), np.nan, direction)
    middle, reach = (high + low) / 2.0, multiplier * atr.fn(high, low, close, window)
    value, direction = scan(_ride, _ride_first, 2, middle + reach, middle - reach, close, lag(close, 1))
    return value, direction


def _ride_first(upper: float, lower: float, close: float, before: float) -> State:
    return (lower, 1.0, upper, lower)


def _ride(state: State, upper: float, lower: float, close: float, before: float) -> State:
    _, direction, last_upper, last_lower = state
    upper = upper if upper < last_upper or before > last_upper else last_upper
    lower = lower if lower > last_lower or before < last_lower else last_lower
    if direction < 0 and close > upper:
        direction = 1.0
    elif direction > 0 and close < lower:
        direction = -1.0
    return (lower if direction > 0 else upper, direction, upper, lower)


@indicator(
    inputs=("high", "low", "close"),
    params=(factor("step", 0.02, 0.001, 1), factor("max_step", 0.2, 0.01, 1)),
    outputs=("value", "direction"),
    bars=lambda step, max_step: 2,
)
def psar(high: Line, low: Line, close: Line, step: float = 0.02, max_step: float = 0.2) -> tuple[Line, Line]:
    """Wilder's parabolic stop and reverse, and its direction: 1 below the close, −1 not."""
    if is_live(close):
        value = scan(
            _parabola(step, max_step),
            _parabola_first(step, max_step),
            1,
            high,
            low,
            lag(high, 1),
            lag(low, 1),
        )[0]
    else:
        value = np.asarray(ta.SAR(high, low, min(step, max_step), max_step))
    return value, where(known(value), where(value < close, 1.0, -1.0), math.nan)


def _parabola_first(step: float, max_step: float) -> Callable[..., State]:
    def start(high: float, low: float, high_before: float, low_before: float) -> State:
        fall, rise = low_before - low, high - high_before
        down = fall > 0 and fall > rise
        state = (math.nan, -1.0, high_before, low) if down else (math.nan, 1.0, low_before, high)
        return _parabola(step, max_step)((*state, min(step, max_step)), high, low, high, low)

    return start


def _parabola(step: float, max_step: float) -> Callable[..., State]:
    """One bar of the stop: (value shown, direction, stop of the next bar, extreme point, acceleration)."""
    first = min(step, max_step)

    def move(state: State, high: float, low: float, high_before: float, low_before: float) -> State:
        _, direction, stop, extreme, pace = state
        if direction > 0:
            if low <= stop:
                shown = max(extreme, high_before, high)
                return (shown, -1.0, max(shown + first * (low - shown), high_before, high), low, first)
            if high > extreme:
                extreme, pace = high, min(pace + step, max_step)
            return (stop, 1.0, min(stop + pace * (extreme - stop), low_before, low), extreme, pace)
        if high >= stop:
            shown = min(extreme, low_before, low)
            return (shown, 1.0, min(shown + first * (high - shown), low_before, low), high, first)
        if low < extreme:
            extreme, pace = low, min(pace + step, max_step)
        return (stop, -1.0, max(stop + pace * (extreme - stop), high_before, high), extreme, pace)

    return move


@indicator(
    inputs=("high", "low", "close"),
    params=(window(22), factor("multiplier", 3, 0.1, 10)),
    outputs=("long_stop", "short_stop"),
    bars=lambda window, multiplier: window + 1,
)
def chandelier(
    high: Line, low: Line, close: Line, window: int = 22, multiplier: float = 3.0, *, from_first: bool = False
) -> tuple[Line, Line]:
    """Chandelier exit: highest high − multiplier × ATR for longs, lowest low + multiplier × ATR for shorts."""
    reach = multiplier * atr.fn(high, low, close, window, from_first=from_first)
    return highest(high, window) - reach, lowest(low, window) + reach


@indicator(
    inputs=("close",),
    params=(window(20, 2), factor("multiplier", 2, 0.1, 10)),
    outputs=("upper", "lower"),
    bars=lambda window, multiplier: window + 1,
)
def volatility_stop(close: Line, window: int = 20, multiplier: float = 2.0) -> tuple[Line, Line]:
    """The close before ± multiplier × sample deviation of the window's returns, in price units."""
    before = lag(close, 1)
    reach = before * deviation(ratio(close - before, before), window) * (multiplier * sample(window))
    return before + reach, before - reach


@indicator(
    inputs=("high", "low", "close"),
    params=(window(14), factor("multiplier", 3, 0.1, 10)),
    outputs=("value", "direction"),
    bars=lambda window, multiplier: window + 1,
)
def atr_trailing_stop(
    high: Line, low: Line, close: Line, window: int = 14, multiplier: float = 3.0, *, from_first: bool = False
) -> tuple[Line, Line]:
    """Stop multiplier × ATR behind the close that only moves with the trend, and its direction (1 long, −1 short)."""
    reach = multiplier * atr.fn(high, low, close, window, from_first=from_first)
    stop, direction = scan(
        _trail, _trail_first, 2, close, lag(close, 1), where(known(lag(high, window)), reach, math.nan)
    )
    return stop, direction


def _trail_first(close: float, before: float, reach: float) -> State:
    return (close - reach, 1.0) if close >= before else (close + reach, -1.0)


def _trail(state: State, close: float, before: float, reach: float) -> State:
    stop, direction = state
    if direction > 0:
        return (close + reach, -1.0) if close < stop else (max(stop, close - reach), 1.0)
    return (close - reach, 1.0) if close > stop else (min(stop, close + reach), -1.0)
