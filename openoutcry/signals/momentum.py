"""Momentum: oscillators against levels, and their crossings."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, momentum, oscillators, volume
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below, crosses, crosses_above, crosses_below
from openoutcry.signals.declare import Direction, Range, state, trigger

MOMENTUM = "momentum"


def _rsi(bars: Bars, window: int) -> Array:
    return np.asarray(momentum.rsi(bars.close, window, from_first=True))


@state(MOMENTUM, "C", needs=lambda window, threshold: window + 1)
def rsi_overbought(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(50, 100)] = 70.0
) -> Mask:
    """RSI above the threshold."""
    return _rsi(bars, window) > threshold


@state(MOMENTUM, "C", needs=lambda window, threshold: window + 1)
def rsi_oversold(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(0, 50)] = 30.0
) -> Mask:
    """RSI below the threshold."""
    return _rsi(bars, window) < threshold


@trigger(MOMENTUM, "C", needs=lambda window, threshold: window + 1)
def rsi_cross_up(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(0, 100)] = 50.0
) -> Mask:
    """RSI crosses above the threshold."""
    return crosses_above(_rsi(bars, window), threshold)


@trigger(MOMENTUM, "C", needs=lambda window, threshold: window + 1)
def rsi_cross_down(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(0, 100)] = 50.0
) -> Mask:
    """RSI crosses below the threshold."""
    return crosses_below(_rsi(bars, window), threshold)


def _stochastic(bars: Bars, window: int) -> Array:
    return np.asarray(oscillators.stochastic(bars.high, bars.low, bars.close, window, 1, 1)[0])


@state(MOMENTUM, "HLC", needs=lambda window, smooth_window, threshold: window)
def stoch_overbought(
    bars: Bars,
    window: Annotated[int, Range(5, 50)] = 14,
    smooth_window: Annotated[int, Range(1, 10)] = 3,
    threshold: Annotated[float, Range(70, 100)] = 80.0,
) -> Mask:
    """Raw stochastic %K above the threshold (``smooth_window`` is that of %D, which is not asked)."""
    return _stochastic(bars, window) > threshold


@state(MOMENTUM, "HLC", needs=lambda window, smooth_window, threshold: window)
def stoch_oversold(
    bars: Bars,
    window: Annotated[int, Range(5, 50)] = 14,
    smooth_window: Annotated[int, Range(1, 10)] = 3,
    threshold: Annotated[float, Range(0, 30)] = 20.0,
) -> Mask:
    """Raw stochastic %K below the threshold (``smooth_window`` is that of %D, which is not asked)."""
    return _stochastic(bars, window) < threshold


@state(MOMENTUM, "HLC", needs=lambda window, threshold: window)
def williams_r_overbought(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 14, threshold: Annotated[float, Range(-30, 0)] = -20.0
) -> Mask:
    """Williams %R above the threshold."""
    return np.asarray(oscillators.williams_r(bars.high, bars.low, bars.close, window) > threshold)


@state(MOMENTUM, "HLC", needs=lambda window, threshold: window)
def williams_r_oversold(
    bars: Bars,
    window: Annotated[int, Range(5, 50)] = 14,
    threshold: Annotated[float, Range(-100, -70)] = -80.0,
) -> Mask:
    """Williams %R below the threshold."""
    return np.asarray(oscillators.williams_r(bars.high, bars.low, bars.close, window) < threshold)


def _tsi(bars: Bars, window_slow: int, window_fast: int) -> Array:
    return np.asarray(momentum.tsi(bars.close, window_slow, window_fast, from_first=True))


@state(MOMENTUM, "C", needs=lambda window_slow, window_fast, threshold: window_slow + window_fast)
def tsi_bullish(
    bars: Bars,
    window_slow: Annotated[int, Range(10, 50)] = 25,
    window_fast: Annotated[int, Range(5, 25)] = 13,
    threshold: Annotated[float, Range(-50, 50)] = 0.0,
) -> Mask:
    """True strength index above the threshold."""
    return _tsi(bars, window_slow, window_fast) > threshold


@state(MOMENTUM, "C", needs=lambda window_slow, window_fast, threshold: window_slow + window_fast)
def tsi_bearish(
    bars: Bars,
    window_slow: Annotated[int, Range(10, 50)] = 25,
    window_fast: Annotated[int, Range(5, 25)] = 13,
    threshold: Annotated[float, Range(-50, 50)] = 0.0,
) -> Mask:
    """True strength index below the threshold."""
    return _tsi(bars, window_slow, window_fast) < threshold


def _uo(bars: Bars, short: int, medium: int, long: int) -> Array:
    return np.asarray(oscillators.uo(bars.high, bars.low, bars.close, short, medium, long, from_first=True))


@state(MOMENTUM, "HLC", needs=lambda window_short, window_medium, window_long, threshold: window_long)
def uo_overbought(
    bars: Bars,
    window_short: Annotated[int, Range(3, 20)] = 7,
    window_medium: Annotated[int, Range(7, 30)] = 14,
    window_long: Annotated[int, Range(14, 50)] = 28,
    threshold: Annotated[float, Range(60, 90)] = 70.0,
) -> Mask:
    """Ultimate oscillator above the threshold."""
    return _uo(bars, window_short, window_medium, window_long) > threshold


@state(MOMENTUM, "HLC", needs=lambda window_short, window_medium, window_long, threshold: window_long)
def uo_oversold(
    bars: Bars,
    window_short: Annotated[int, Range(3, 20)] = 7,
    window_medium: Annotated[int, Range(7, 30)] = 14,
    window_long: Annotated[int, Range(14, 50)] = 28,
    threshold: Annotated[float, Range(10, 40)] = 30.0,
) -> Mask:
    """Ultimate oscillator below the threshold."""
    return _uo(bars, window_short, window_medium, window_long) < threshold


@trigger(MOMENTUM, "C", needs=lambda window, pow1, pow2: window + max(pow1, pow2))
def kama_cross_up(
    bars: Bars,
    window: Annotated[int, Range(5, 30)] = 10,
    pow1: Annotated[int, Range(1, 10)] = 2,
    pow2: Annotated[int, Range(10, 50)] = 30,
) -> Mask:
    """Close crosses above Kaufman's adaptive average."""
    return crosses_above(bars.close, averages.kama(bars.close, window, pow1, pow2))


@trigger(MOMENTUM, "C", needs=lambda window, pow1, pow2: window + max(pow1, pow2))
def kama_cross_down(
    bars: Bars,
    window: Annotated[int, Range(5, 30)] = 10,
    pow1: Annotated[int, Range(1, 10)] = 2,
    pow2: Annotated[int, Range(10, 50)] = 30,
) -> Mask:
    """Close crosses below Kaufman's adaptive average."""
    return crosses_below(bars.close, averages.kama(bars.close, window, pow1, pow2))


@state(MOMENTUM, "C", needs=lambda window, threshold: window)
def roc_positive(
    bars: Bars, window: Annotated[int, Range(1, 50)] = 12, threshold: Annotated[float, Range(-10, 10)] = 0.0
) -> Mask:
    """Rate of change above the threshold, in percent."""
    return np.asarray(momentum.roc(bars.close, window) > threshold)


@state(MOMENTUM, "C", needs=lambda window, threshold: window)
def roc_negative(
    bars: Bars, window: Annotated[int, Range(1, 50)] = 12, threshold: Annotated[float, Range(-10, 10)] = 0.0
) -> Mask:
    """Rate of change below the threshold, in percent."""
    return np.asarray(momentum.roc(bars.close, window) < threshold)


@trigger(MOMENTUM, "C", needs=lambda window, direction: window + 1)
def roc_momentum_shift(
    bars: Bars, window: Annotated[int, Range(1, 50)] = 12, direction: Direction = "bullish"
) -> Mask:
    """Rate of change crosses zero in the direction."""
    return crosses(np.asarray(momentum.roc(bars.close, window)), 0.0, direction)


def _ao(bars: Bars, window_fast: int, window_slow: int) -> Array:
    return np.asarray(oscillators.ao(bars.high, bars.low, window_fast, window_slow))


@state(MOMENTUM, "HL", needs=lambda window_fast, window_slow, threshold: window_slow)
def ao_bullish(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 15)] = 5,
    window_slow: Annotated[int, Range(20, 60)] = 34,
    threshold: Annotated[float, Range(0, 100)] = 0.0,
) -> Mask:
    """Awesome oscillator above the threshold, in price units."""
    return above(_ao(bars, window_fast, window_slow), threshold, bars.close)


@state(MOMENTUM, "HL", needs=lambda window_fast, window_slow, threshold: window_slow)
def ao_bearish(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 15)] = 5,
    window_slow: Annotated[int, Range(20, 60)] = 34,
    threshold: Annotated[float, Range(0, 100)] = 0.0,
) -> Mask:
    """Awesome oscillator below the threshold, in price units."""
    return below(_ao(bars, window_fast, window_slow), threshold, bars.close)


@trigger(MOMENTUM, "HL", needs=lambda window_fast, window_slow, direction: window_slow + 1)
def ao_zero_cross(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 15)] = 5,
    window_slow: Annotated[int, Range(20, 60)] = 34,
    direction: Direction = "bullish",
) -> Mask:
    """Awesome oscillator crosses zero in the direction."""
    return crosses(_ao(bars, window_fast, window_slow), 0.0, direction, bars.close)


def _stoch_rsi(bars: Bars, window: int) -> Array:
    return np.asarray(momentum.stoch_rsi(bars.close, window, 1, 1, from_first=True)[0])


@state(MOMENTUM, "C", needs=lambda window, smooth1, smooth2, threshold: window + smooth1 + smooth2)
def stochrsi_overbought(
    bars: Bars,
    window: Annotated[int, Range(5, 30)] = 14,
    smooth1: Annotated[int, Range(1, 10)] = 3,
    smooth2: Annotated[int, Range(1, 10)] = 3,
    threshold: Annotated[float, Range(0.6, 1)] = 0.8,
) -> Mask:
    """Raw StochRSI above the threshold."""
    return _stoch_rsi(bars, window) > threshold


@state(MOMENTUM, "C", needs=lambda window, smooth1, smooth2, threshold: window + smooth1 + smooth2)
def stochrsi_oversold(
    bars: Bars,
    window: Annotated[int, Range(5, 30)] = 14,
    smooth1: Annotated[int, Range(1, 10)] = 3,
    smooth2: Annotated[int, Range(1, 10)] = 3,
    threshold: Annotated[float, Range(0, 0.4)] = 0.2,
) -> Mask:
    """Raw StochRSI below the threshold."""
    return _stoch_rsi(bars, window) < threshold


@trigger(MOMENTUM, "C", needs=lambda window_slow, window_fast, window_sign: window_slow + window_sign)
def ppo_bullish_cross(
    bars: Bars,
    window_slow: Annotated[int, Range(15, 50)] = 26,
    window_fast: Annotated[int, Range(5, 20)] = 12,
    window_sign: Annotated[int, Range(3, 15)] = 9,
) -> Mask:
    """PPO crosses above its signal line."""
    line, signal, _ = momentum.ppo(bars.close, window_fast, window_slow, window_sign, from_first=True)
    return crosses_above(line, signal, 1.0)


@trigger(MOMENTUM, "C", needs=lambda window_slow, window_fast, window_sign: window_slow + window_sign)
def ppo_bearish_cross(
    bars: Bars,
    window_slow: Annotated[int, Range(15, 50)] = 26,
    window_fast: Annotated[int, Range(5, 20)] = 12,
    window_sign: Annotated[int, Range(3, 15)] = 9,
) -> Mask:
    """PPO crosses below its signal line."""
    line, signal, _ = momentum.ppo(bars.close, window_fast, window_slow, window_sign, from_first=True)
    return crosses_below(line, signal, 1.0)


@trigger(MOMENTUM, "V", needs=lambda window_slow, window_fast, window_sign: window_slow + window_sign)
def pvo_bullish_cross(
    bars: Bars,
    window_slow: Annotated[int, Range(15, 50)] = 26,
    window_fast: Annotated[int, Range(5, 20)] = 12,
    window_sign: Annotated[int, Range(3, 15)] = 9,
) -> Mask:
    """PVO crosses above its signal line."""
    line, signal, _ = volume.pvo(bars.volume, window_fast, window_slow, window_sign, from_first=True)
    return crosses_above(line, signal, 1.0)


@trigger(MOMENTUM, "V", needs=lambda window_slow, window_fast, window_sign: window_slow + window_sign)
def pvo_bearish_cross(
    bars: Bars,
    window_slow: Annotated[int, Range(15, 50)] = 26,
    window_fast: Annotated[int, Range(5, 20)] = 12,
    window_sign: Annotated[int, Range(3, 15)] = 9,
) -> Mask:
    """PVO crosses below its signal line."""
    line, signal, _ = volume.pvo(bars.volume, window_fast, window_slow, window_sign, from_first=True)
    return crosses_below(line, signal, 1.0)
