"""Trend, extended set: the close against further moving averages, and their crossings."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, hilbert
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, crosses_above, crosses_below
from openoutcry.signals.declare import Range, state, trigger

TREND = "trend"


def _dema(bars: Bars, window: int) -> Array:
    return np.asarray(averages.dema(bars.close, window, from_first=True))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_dema(bars: Bars, window: Annotated[int, Range(2, 200)] = 21) -> Mask:
    """Close above its double exponential average."""
    return above(bars.close, _dema(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def dema_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast double exponential average crosses above the slow one."""
    return crosses_above(_dema(bars, window_fast), _dema(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def dema_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast double exponential average crosses below the slow one."""
    return crosses_below(_dema(bars, window_fast), _dema(bars, window_slow))


def _tema(bars: Bars, window: int) -> Array:
    return np.asarray(averages.tema(bars.close, window, from_first=True))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_tema(bars: Bars, window: Annotated[int, Range(2, 200)] = 21) -> Mask:
    """Close above its triple exponential average."""
    return above(bars.close, _tema(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def tema_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast triple exponential average crosses above the slow one."""
    return crosses_above(_tema(bars, window_fast), _tema(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def tema_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
) -> Mask:
    """Fast triple exponential average crosses below the slow one."""
    return crosses_below(_tema(bars, window_fast), _tema(bars, window_slow))


def _trima(bars: Bars, window: int) -> Array:
    return np.asarray(averages.trima(bars.close, window))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_trima(bars: Bars, window: Annotated[int, Range(2, 200)] = 20) -> Mask:
    """Close above its triangular average."""
    return above(bars.close, _trima(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def trima_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 10,
    window_slow: Annotated[int, Range(2, 200)] = 30,
) -> Mask:
    """Fast triangular average crosses above the slow one."""
    return crosses_above(_trima(bars, window_fast), _trima(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def trima_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 10,
    window_slow: Annotated[int, Range(2, 200)] = 30,
) -> Mask:
    """Fast triangular average crosses below the slow one."""
    return crosses_below(_trima(bars, window_fast), _trima(bars, window_slow))


def _smma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.smma(bars.close, window, from_first=True))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_smma(bars: Bars, window: Annotated[int, Range(2, 200)] = 14) -> Mask:
    """Close above its smoothed average."""
    return above(bars.close, _smma(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def smma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 14,
    window_slow: Annotated[int, Range(2, 200)] = 50,
) -> Mask:
    """Fast smoothed average crosses above the slow one."""
    return crosses_above(_smma(bars, window_fast), _smma(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def smma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 14,
    window_slow: Annotated[int, Range(2, 200)] = 50,
) -> Mask:
    """Fast smoothed average crosses below the slow one."""
    return crosses_below(_smma(bars, window_fast), _smma(bars, window_slow))


def _epma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.epma(bars.close, window))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_epma(bars: Bars, window: Annotated[int, Range(2, 200)] = 20) -> Mask:
    """Close above its end point average."""
    return above(bars.close, _epma(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def epma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 10,
    window_slow: Annotated[int, Range(2, 200)] = 30,
) -> Mask:
    """Fast end point average crosses above the slow one."""
    return crosses_above(_epma(bars, window_fast), _epma(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def epma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 10,
    window_slow: Annotated[int, Range(2, 200)] = 30,
) -> Mask:
    """Fast end point average crosses below the slow one."""
    return crosses_below(_epma(bars, window_fast), _epma(bars, window_slow))


def _hma(bars: Bars, window: int) -> Array:
    return np.asarray(averages.hma(bars.close, window))


@state(TREND, "C", needs=lambda window: window, set="extended")
def is_above_hma(bars: Bars, window: Annotated[int, Range(4, 200)] = 16) -> Mask:
    """Close above its Hull average."""
    return above(bars.close, _hma(bars, window))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def hma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(4, 100)] = 9,
    window_slow: Annotated[int, Range(4, 200)] = 25,
) -> Mask:
    """Fast Hull average crosses above the slow one."""
    return crosses_above(_hma(bars, window_fast), _hma(bars, window_slow))


@trigger(TREND, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def hma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(4, 100)] = 9,
    window_slow: Annotated[int, Range(4, 200)] = 25,
) -> Mask:
    """Fast Hull average crosses below the slow one."""
    return crosses_below(_hma(bars, window_fast), _hma(bars, window_slow))


def _alma(bars: Bars, window: int, offset: float, sigma: float) -> Array:
    return np.asarray(averages.alma(bars.close, window, offset, sigma))


@state(TREND, "C", needs=lambda window, offset, sigma: window, set="extended")
def is_above_alma(
    bars: Bars,
    window: Annotated[int, Range(2, 200)] = 21,
    offset: Annotated[float, Range(0, 1)] = 0.85,
    sigma: Annotated[float, Range(0.1, 20)] = 6.0,
) -> Mask:
    """Close above its Arnaud Legoux average."""
    return above(bars.close, _alma(bars, window, offset, sigma))


@trigger(TREND, "C", needs=lambda window_fast, window_slow, offset, sigma: window_slow + 1, set="extended")
def alma_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
    offset: Annotated[float, Range(0, 1)] = 0.85,
    sigma: Annotated[float, Range(0.1, 20)] = 6.0,
) -> Mask:
    """Fast Arnaud Legoux average crosses above the slow one."""
    return crosses_above(_alma(bars, window_fast, offset, sigma), _alma(bars, window_slow, offset, sigma))


@trigger(TREND, "C", needs=lambda window_fast, window_slow, offset, sigma: window_slow + 1, set="extended")
def alma_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 9,
    window_slow: Annotated[int, Range(2, 200)] = 21,
    offset: Annotated[float, Range(0, 1)] = 0.85,
    sigma: Annotated[float, Range(0.1, 20)] = 6.0,
) -> Mask:
    """Fast Arnaud Legoux average crosses below the slow one."""
    return crosses_below(_alma(bars, window_fast, offset, sigma), _alma(bars, window_slow, offset, sigma))


def _t3(bars: Bars, window: int, volume_factor: float) -> Array:
    return np.asarray(averages.t3(bars.close, window, volume_factor, from_first=True))


@state(TREND, "C", needs=lambda window, volume_factor: 6 * window, set="extended")
def is_above_t3(
    bars: Bars, window: Annotated[int, Range(2, 200)] = 10, volume_factor: Annotated[float, Range(0, 1)] = 0.7
) -> Mask:
    """Close above its T3."""
    return above(bars.close, _t3(bars, window, volume_factor))


@trigger(
    TREND, "C", needs=lambda window_fast, window_slow, volume_factor: 6 * window_slow + 1, set="extended"
)
def t3_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 5,
    window_slow: Annotated[int, Range(2, 200)] = 10,
    volume_factor: Annotated[float, Range(0, 1)] = 0.7,
) -> Mask:
    """Fast T3 crosses above the slow one."""
    return crosses_above(_t3(bars, window_fast, volume_factor), _t3(bars, window_slow, volume_factor))


@trigger(
    TREND, "C", needs=lambda window_fast, window_slow, volume_factor: 6 * window_slow + 1, set="extended"
)
def t3_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 5,
    window_slow: Annotated[int, Range(2, 200)] = 10,
    volume_factor: Annotated[float, Range(0, 1)] = 0.7,
) -> Mask:
    """Fast T3 crosses below the slow one."""
    return crosses_below(_t3(bars, window_fast, volume_factor), _t3(bars, window_slow, volume_factor))


def _mama(bars: Bars, fast_limit: float, slow_limit: float) -> tuple[Array, Array]:
    mama, fama = hilbert.mama(bars.close, min(fast_limit, 0.99), slow_limit)
    return mama, fama


@state(TREND, "C", needs=lambda fast_limit, slow_limit: 33, set="extended")
def is_above_mama(
    bars: Bars,
    fast_limit: Annotated[float, Range(0.1, 1)] = 0.5,
    slow_limit: Annotated[float, Range(0.01, 0.5)] = 0.05,
) -> Mask:
    """Close above its MESA adaptive average."""
    return above(bars.close, _mama(bars, fast_limit, slow_limit)[0])


@trigger(TREND, "C", needs=lambda fast_limit, slow_limit: 34, set="extended")
def mama_cross_up(
    bars: Bars,
    fast_limit: Annotated[float, Range(0.1, 1)] = 0.5,
    slow_limit: Annotated[float, Range(0.01, 0.5)] = 0.05,
) -> Mask:
    """MESA adaptive average crosses above its follower."""
    return crosses_above(*_mama(bars, fast_limit, slow_limit))


@trigger(TREND, "C", needs=lambda fast_limit, slow_limit: 34, set="extended")
def mama_cross_down(
    bars: Bars,
    fast_limit: Annotated[float, Range(0.1, 1)] = 0.5,
    slow_limit: Annotated[float, Range(0.01, 0.5)] = 0.05,
) -> Mask:
    """MESA adaptive average crosses below its follower."""
    return crosses_below(*_mama(bars, fast_limit, slow_limit))
