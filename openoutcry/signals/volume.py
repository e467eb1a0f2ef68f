"""Volume: accumulation, money flow, ease and force of the move; and plain returns, which the registry files here."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, momentum, volume
from openoutcry.indicators.line import Array, Mask
from openoutcry.indicators.rolling import lag
from openoutcry.signals.bars import Bars, above, below
from openoutcry.signals.declare import Range, state

VOLUME = "volume"


def _adi(bars: Bars) -> Array:
    return np.asarray(volume.adi(bars.high, bars.low, bars.close, bars.volume))


def _obv(bars: Bars) -> Array:
    return np.asarray(volume.obv(bars.close, bars.volume))


def _vpt(bars: Bars) -> Array:
    return np.asarray(volume.vpt(bars.close, bars.volume))


def _risen(line: Array, window: int) -> Mask:
    """Above its value at the first bar of the window (``window − 1`` bars ago)."""
    return np.asarray(line > lag(line, window - 1))


def _fallen(line: Array, window: int) -> Mask:
    return np.asarray(line < lag(line, window - 1))


@state(VOLUME, "HLCV", needs=lambda window: window)
def adi_bullish(bars: Bars, window: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """Accumulation/distribution higher than at the window's first bar."""
    return _risen(_adi(bars), window)


@state(VOLUME, "HLCV", needs=lambda window: window)
def adi_bearish(bars: Bars, window: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """Accumulation/distribution lower than at the window's first bar."""
    return _fallen(_adi(bars), window)


@state(VOLUME, "CV", needs=lambda window: window)
def obv_bullish(bars: Bars, window: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """On-balance volume higher than at the window's first bar."""
    return _risen(_obv(bars), window)


@state(VOLUME, "CV", needs=lambda window: window)
def obv_bearish(bars: Bars, window: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """On-balance volume lower than at the window's first bar."""
    return _fallen(_obv(bars), window)


@state(VOLUME, "CV", needs=lambda lookback: lookback)
def vpt_bullish(bars: Bars, lookback: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """Volume price trend higher than at the window's first bar."""
    return _risen(_vpt(bars), lookback)


@state(VOLUME, "CV", needs=lambda lookback: lookback)
def vpt_bearish(bars: Bars, lookback: Annotated[int, Range(5, 50)] = 20) -> Mask:
    """Volume price trend lower than at the window's first bar."""
    return _fallen(_vpt(bars), lookback)


def _cmf(bars: Bars, window: int) -> Array:
    return np.asarray(volume.cmf(bars.high, bars.low, bars.close, bars.volume, window))


@state(VOLUME, "HLCV", needs=lambda window, threshold: window)
def cmf_bullish(
    bars: Bars, window: Annotated[int, Range(10, 50)] = 20, threshold: Annotated[float, Range(-1, 1)] = 0.0
) -> Mask:
    """Chaikin money flow above the threshold."""
    return above(_cmf(bars, window), threshold, 1.0)


@state(VOLUME, "HLCV", needs=lambda window, threshold: window)
def cmf_bearish(
    bars: Bars, window: Annotated[int, Range(10, 50)] = 20, threshold: Annotated[float, Range(-1, 1)] = 0.0
) -> Mask:
    """Chaikin money flow below the threshold."""
    return below(_cmf(bars, window), threshold, 1.0)


@state(VOLUME, "CV", needs=lambda window, threshold: window)
def force_bullish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 13, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """Force index above the threshold, in price × volume."""
    return np.asarray(volume.force_index(bars.close, bars.volume, window, from_first=True) > threshold)


@state(VOLUME, "CV", needs=lambda window, threshold: window)
def force_bearish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 13, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """Force index below the threshold, in price × volume."""
    return np.asarray(volume.force_index(bars.close, bars.volume, window, from_first=True) < threshold)


@state(VOLUME, "HLV", needs=lambda window, threshold: window)
def eom_bullish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 14, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """Ease of movement of the bar above the threshold (``window`` is that of its mean, which is not asked)."""
    return np.asarray(volume.eom(bars.high, bars.low, bars.volume, window)[0] > threshold)


@state(VOLUME, "HLV", needs=lambda window, threshold: window)
def eom_bearish(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 14, threshold: Annotated[float, Range(0, 100)] = 0.0
) -> Mask:
    """Ease of movement of the bar below the threshold (``window`` is that of its mean, which is not asked)."""
    return np.asarray(volume.eom(bars.high, bars.low, bars.volume, window)[0] < threshold)


@state(VOLUME, "CV", needs=lambda window: window)
def nvi_bullish(bars: Bars, window: Annotated[int, Range(100, 500)] = 255) -> Mask:
    """Negative volume index above its average."""
    return above(*volume.nvi(bars.close, bars.volume, window))


@state(VOLUME, "CV", needs=lambda window: window)
def nvi_bearish(bars: Bars, window: Annotated[int, Range(100, 500)] = 255) -> Mask:
    """Negative volume index below its average."""
    return below(*volume.nvi(bars.close, bars.volume, window))


def _mfi(bars: Bars, window: int) -> Array:
    return np.asarray(volume.mfi(bars.high, bars.low, bars.close, bars.volume, window))


@state(VOLUME, "HLCV", needs=lambda window, threshold: window)
def mfi_overbought(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 14, threshold: Annotated[float, Range(70, 95)] = 80.0
) -> Mask:
    """Money flow index above the threshold."""
    return _mfi(bars, window) > threshold


@state(VOLUME, "HLCV", needs=lambda window, threshold: window)
def mfi_oversold(
    bars: Bars, window: Annotated[int, Range(5, 30)] = 14, threshold: Annotated[float, Range(5, 30)] = 20.0
) -> Mask:
    """Money flow index below the threshold."""
    return _mfi(bars, window) < threshold


def _vwap(bars: Bars, window: int) -> Array:
    return np.asarray(averages.vwap(bars.high, bars.low, bars.close, bars.volume, window))


@state(VOLUME, "HLCV", needs=lambda window: window)
def vwap_above(bars: Bars, window: Annotated[int, Range(5, 50)] = 14) -> Mask:
    """Close above the rolling volume-weighted average price."""
    return above(bars.close, _vwap(bars, window))


@state(VOLUME, "HLCV", needs=lambda window: window)
def vwap_below(bars: Bars, window: Annotated[int, Range(5, 50)] = 14) -> Mask:
    """Close below the rolling volume-weighted average price."""
    return below(bars.close, _vwap(bars, window))


@state(VOLUME, "C", needs=lambda threshold: 2)
def daily_return_positive(bars: Bars, threshold: Annotated[float, Range(0, 100)] = 0.0) -> Mask:
    """Return of the bar above the threshold, in percent."""
    return np.asarray(momentum.roc(bars.close, 1) > threshold)


@state(VOLUME, "C", needs=lambda threshold: 2)
def daily_return_negative(bars: Bars, threshold: Annotated[float, Range(0, 100)] = 0.0) -> Mask:
    """Return of the bar below the threshold, in percent."""
    return np.asarray(momentum.roc(bars.close, 1) < threshold)


def _since_first(bars: Bars) -> Array:
    """Return since the first bar of the history, in percent."""
    return (bars.close / bars.close[:1] - 1.0) * 100.0


@state(VOLUME, "C", needs=lambda threshold: 2)
def cumulative_return_positive(bars: Bars, threshold: Annotated[float, Range(0, 100)] = 0.0) -> Mask:
    """Return since the first bar above the threshold, in percent."""
    return np.asarray(_since_first(bars) > threshold)


@state(VOLUME, "C", needs=lambda target: 2)
def cumulative_return_target(bars: Bars, target: Annotated[float, Range(1, 100)] = 10.0) -> Mask:
    """Return since the first bar at or above the target, in percent."""
    return np.asarray(_since_first(bars) >= target)
