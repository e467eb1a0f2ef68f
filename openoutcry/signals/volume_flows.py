"""Volume, extended set: volume-weighted average, Chaikin and Klinger oscillators."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, volume
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below, crosses_above, crosses_below
from openoutcry.signals.declare import Range, state, trigger

VOLUME = "volume"


def _vwma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.vwma(bars.close, bars.volume, window))


@state(VOLUME, "CV", needs=lambda window: window, set="extended")
def is_above_vwma(bars: Bars, window: Annotated[int, Range(2, 200)] = 20) -> Mask:
    """Close above its volume-weighted average."""
    return above(bars.close, _vwma(bars, window))


@trigger(VOLUME, "CV", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def vwma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast volume-weighted average crosses above the slow one."""
    return crosses_above(_vwma(bars, window_fast), _vwma(bars, window_slow))


@trigger(VOLUME, "CV", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def vwma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast volume-weighted average crosses below the slow one."""
    return crosses_below(_vwma(bars, window_fast), _vwma(bars, window_slow))


def _adosc(bars: Bars, fast: int, slow: int) -> Array:
    return np.asarray(volume.adosc(bars.high, bars.low, bars.close, bars.volume, fast, slow))


@state(VOLUME, "HLCV", needs=lambda fast, slow: slow + 1, set="extended")
def adosc_bullish(
    bars: Bars, fast: Annotated[int, Range(2, 20)] = 3, slow: Annotated[int, Range(5, 50)] = 10
) -> Mask:
    """Chaikin oscillator above zero."""
    return _adosc(bars, fast, slow) > 0


@state(VOLUME, "HLCV", needs=lambda fast, slow: slow + 1, set="extended")
def adosc_bearish(
    bars: Bars, fast: Annotated[int, Range(2, 20)] = 3, slow: Annotated[int, Range(5, 50)] = 10
) -> Mask:
    """Chaikin oscillator below zero."""
    return _adosc(bars, fast, slow) < 0


@trigger(VOLUME, "HLCV", needs=lambda fast, slow: slow + 2, set="extended")
def adosc_cross_up(
    bars: Bars, fast: Annotated[int, Range(2, 20)] = 3, slow: Annotated[int, Range(5, 50)] = 10
) -> Mask:
    """Chaikin oscillator crosses above zero."""
    return crosses_above(_adosc(bars, fast, slow), 0.0)


@trigger(VOLUME, "HLCV", needs=lambda fast, slow: slow + 2, set="extended")
def adosc_cross_down(
    bars: Bars, fast: Annotated[int, Range(2, 20)] = 3, slow: Annotated[int, Range(5, 50)] = 10
) -> Mask:
    """Chaikin oscillator crosses below zero."""
    return crosses_below(_adosc(bars, fast, slow), 0.0)


def _kvo(bars: Bars, fast: int, slow: int, signal_window: int) -> tuple[Array, Array]:
    line, signal = volume.kvo(
        bars.high, bars.low, bars.close, bars.volume, fast, slow, signal_window, from_first=True
    )
    return line, signal


def _kvo_bars(fast: int, slow: int, signal_window: int) -> int:
    return slow + signal_window + 1


@trigger(VOLUME, "HLCV", needs=_kvo_bars, set="extended")
def kvo_bullish_cross(
    bars: Bars,
    fast: Annotated[int, Range(5, 100)] = 34,
    slow: Annotated[int, Range(10, 200)] = 55,
    signal_window: Annotated[int, Range(2, 50)] = 13,
) -> Mask:
    """Klinger oscillator crosses above its signal line."""
    return crosses_above(*_kvo(bars, fast, slow, signal_window))


@trigger(VOLUME, "HLCV", needs=_kvo_bars, set="extended")
def kvo_bearish_cross(
    bars: Bars,
    fast: Annotated[int, Range(5, 100)] = 34,
    slow: Annotated[int, Range(10, 200)] = 55,
    signal_window: Annotated[int, Range(2, 50)] = 13,
) -> Mask:
    """Klinger oscillator crosses below its signal line."""
    return crosses_below(*_kvo(bars, fast, slow, signal_window))


@state(VOLUME, "HLCV", needs=_kvo_bars, set="extended")
def kvo_bullish(
    bars: Bars,
    fast: Annotated[int, Range(5, 100)] = 34,
    slow: Annotated[int, Range(10, 200)] = 55,
    signal_window: Annotated[int, Range(2, 50)] = 13,
) -> Mask:
    """Klinger oscillator above its signal line."""
    return above(*_kvo(bars, fast, slow, signal_window))


@state(VOLUME, "HLCV", needs=_kvo_bars, set="extended")
def kvo_bearish(
    bars: Bars,
    fast: Annotated[int, Range(5, 100)] = 34,
    slow: Annotated[int, Range(10, 200)] = 55,
    signal_window: Annotated[int, Range(2, 50)] = 13,
) -> Mask:
    """Klinger oscillator below its signal line."""
    return below(*_kvo(bars, fast, slow, signal_window))
