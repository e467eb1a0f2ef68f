"""Trend, continued: know sure thing, detrended price, CCI, Vortex, parabolic stop, Schaff cycle."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import momentum, oscillators, stops, trend
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below, crosses, crosses_above, crosses_below
from openoutcry.signals.declare import Direction, Range, state, trigger

TREND = "trend"


def _kst_bars(roc4: int, window_sma4: int, nsig: int, **_: int) -> int:
    return roc4 + window_sma4 + nsig


@trigger(TREND, "C", needs=_kst_bars)
def kst_bullish_cross(
    bars: Bars,
    roc1: Annotated[int, Range(1, 1000)] = 10,
    roc2: Annotated[int, Range(1, 1000)] = 15,
    roc3: Annotated[int, Range(1, 1000)] = 20,
    roc4: Annotated[int, Range(1, 1000)] = 30,
    window_sma1: Annotated[int, Range(2, 500)] = 10,
    window_sma2: Annotated[int, Range(2, 500)] = 10,
    window_sma3: Annotated[int, Range(2, 500)] = 10,
    window_sma4: Annotated[int, Range(2, 500)] = 15,
    nsig: Annotated[int, Range(1, 1000)] = 9,
) -> Mask:
    """KST crosses above its signal line."""
    rates, means = (roc1, roc2, roc3, roc4), (window_sma1, window_sma2, window_sma3, window_sma4)
    line, signal = momentum.kst(bars.close, *rates, *means, nsig)
    return crosses_above(line, signal, 1.0)


@trigger(TREND, "C", needs=_kst_bars)
def kst_bearish_cross(
    bars: Bars,
    roc1: Annotated[int, Range(1, 1000)] = 10,
    roc2: Annotated[int, Range(1, 1000)] = 15,
    roc3: Annotated[int, Range(1, 1000)] = 20,
    roc4: Annotated[int, Range(1, 1000)] = 30,
    window_sma1: Annotated[int, Range(2, 500)] = 10,
    window_sma2: Annotated[int, Range(2, 500)] = 10,
    window_sma3: Annotated[int, Range(2, 500)] = 10,
    window_sma4: Annotated[int, Range(2, 500)] = 15,
    nsig: Annotated[int, Range(1, 1000)] = 9,
) -> Mask:
    """KST crosses below its signal line."""
    rates, means = (roc1, roc2, roc3, roc4), (window_sma1, window_sma2, window_sma3, window_sma4)
    line, signal = momentum.kst(bars.close, *rates, *means, nsig)
    return crosses_below(line, signal, 1.0)


@state(TREND, "C", needs=lambda window: window)
def dpo_positive(bars: Bars, window: Annotated[int, Range(10, 50)] = 20) -> Mask:
    """Detrended price above zero."""
    return above(np.asarray(momentum.dpo(bars.close, window)), 0.0, bars.close)


@state(TREND, "C", needs=lambda window: window)
def dpo_negative(bars: Bars, window: Annotated[int, Range(10, 50)] = 20) -> Mask:
    """Detrended price below zero."""
    return below(np.asarray(momentum.dpo(bars.close, window)), 0.0, bars.close)


def _cci(bars: Bars, window: int, constant: float) -> Array:
    return np.asarray(oscillators.cci(bars.high, bars.low, bars.close, window, constant))


@state(TREND, "HLC", needs=lambda window, constant, threshold: window)
def cci_overbought(
    bars: Bars,
    window: Annotated[int, Range(10, 50)] = 20,
    constant: Annotated[float, Range(0.001, 0.1)] = 0.015,
    threshold: Annotated[float, Range(50, 200)] = 100.0,
) -> Mask:
    """CCI above the threshold."""
    return _cci(bars, window, constant) > threshold


@state(TREND, "HLC", needs=lambda window, constant, threshold: window)
def cci_oversold(
    bars: Bars,
    window: Annotated[int, Range(10, 50)] = 20,
    constant: Annotated[float, Range(0.001, 0.1)] = 0.015,
    threshold: Annotated[float, Range(-200, -50)] = -100.0,
) -> Mask:
    """CCI below the threshold."""
    return _cci(bars, window, constant) < threshold


def _vortex(bars: Bars, window: int) -> tuple[Array, Array]:
    plus, minus = trend.vortex(bars.high, bars.low, bars.close, window, from_first=True)
    return plus, minus


@state(TREND, "HLC", needs=lambda window: window)
def vortex_bullish(bars: Bars, window: Annotated[int, Range(5, 30)] = 14) -> Mask:
    """Positive vortex above the negative one."""
    return above(*_vortex(bars, window))


@state(TREND, "HLC", needs=lambda window: window)
def vortex_bearish(bars: Bars, window: Annotated[int, Range(5, 30)] = 14) -> Mask:
    """Negative vortex above the positive one."""
    return below(*_vortex(bars, window))


@trigger(TREND, "HLC", needs=lambda window, direction: window + 1)
def vortex_crossover(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 14, direction: Direction = "bullish"
) -> Mask:
    """Positive vortex crosses the negative one in the direction."""
    return crosses(*_vortex(bars, window), direction)


def _psar(bars: Bars, step: float, max_step: float) -> Array:
    return np.asarray(stops.psar(bars.high, bars.low, bars.close, step, max_step)[0])


@state(TREND, "HLC", needs=lambda step, max_step: 2)
def psar_bullish(
    bars: Bars,
    step: Annotated[float, Range(0.01, 0.1)] = 0.02,
    max_step: Annotated[float, Range(0.1, 0.5)] = 0.2,
) -> Mask:
    """Parabolic stop below the close."""
    return above(bars.close, _psar(bars, step, max_step))


@state(TREND, "HLC", needs=lambda step, max_step: 2)
def psar_bearish(
    bars: Bars,
    step: Annotated[float, Range(0.01, 0.1)] = 0.02,
    max_step: Annotated[float, Range(0.1, 0.5)] = 0.2,
) -> Mask:
    """Parabolic stop above the close."""
    return below(bars.close, _psar(bars, step, max_step))


@trigger(TREND, "HLC", needs=lambda step, max_step, direction: 3)
def psar_reversal(
    bars: Bars,
    step: Annotated[float, Range(0.01, 0.1)] = 0.02,
    max_step: Annotated[float, Range(0.1, 0.5)] = 0.2,
    direction: Direction = "bullish",
) -> Mask:
    """Parabolic stop changes to the other side of the close: below it (bullish) or above (bearish)."""
    stop = _psar(bars, step, max_step)
    up, down = above(bars.close, stop), below(bars.close, stop)
    now, before = (up, down) if direction == "bullish" else (down, up)
    return np.concatenate(([False], now[1:] & before[:-1]))[: len(now)]


def _stc(bars: Bars, slow: int, fast: int, cycle: int, smooth1: int, smooth2: int) -> Array:
    return np.asarray(momentum.stc(bars.close, slow, fast, cycle, smooth1, smooth2, from_first=True))


@state(TREND, "C", needs=lambda window_slow, cycle, **_: window_slow + cycle)
def stc_overbought(
    bars: Bars,
    window_slow: Annotated[int, Range(2, 500)] = 50,
    window_fast: Annotated[int, Range(2, 500)] = 23,
    cycle: Annotated[int, Range(1, 1000)] = 10,
    smooth1: Annotated[int, Range(1, 1000)] = 3,
    smooth2: Annotated[int, Range(1, 1000)] = 3,
    threshold: Annotated[float, Range(0, 100)] = 75.0,
) -> Mask:
    """Schaff trend cycle above the threshold."""
    return _stc(bars, window_slow, window_fast, cycle, smooth1, smooth2) > threshold


@state(TREND, "C", needs=lambda window_slow, cycle, **_: window_slow + cycle)
def stc_oversold(
    bars: Bars,
    window_slow: Annotated[int, Range(2, 500)] = 50,
    window_fast: Annotated[int, Range(2, 500)] = 23,
    cycle: Annotated[int, Range(1, 1000)] = 10,
    smooth1: Annotated[int, Range(1, 1000)] = 3,
    smooth2: Annotated[int, Range(1, 1000)] = 3,
    threshold: Annotated[float, Range(0, 100)] = 25.0,
) -> Mask:
    """Schaff trend cycle below the threshold."""
    return _stc(bars, window_slow, window_fast, cycle, smooth1, smooth2) < threshold
