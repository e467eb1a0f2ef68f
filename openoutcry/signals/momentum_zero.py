"""Momentum, extended set: momentum, balance of power, absolute price and Chande oscillators."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import momentum, oscillators
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below, crosses_above, crosses_below
from openoutcry.signals.declare import Range, state, trigger

MOMENTUM = "momentum"


def _mom(bars: Bars, window: int) -> Array:
    return np.asarray(momentum.mom(bars.close, window))


@state(MOMENTUM, "C", needs=lambda window: window + 1, set="extended")
def mom_bullish(bars: Bars, window: Annotated[int, Range(1, 200)] = 10) -> Mask:
    """Change over the window above zero."""
    return _mom(bars, window) > 0


@state(MOMENTUM, "C", needs=lambda window: window + 1, set="extended")
def mom_bearish(bars: Bars, window: Annotated[int, Range(1, 200)] = 10) -> Mask:
    """Change over the window below zero."""
    return _mom(bars, window) < 0


@trigger(MOMENTUM, "C", needs=lambda window: window + 2, set="extended")
def mom_cross_up(bars: Bars, window: Annotated[int, Range(1, 200)] = 10) -> Mask:
    """Change over the window crosses above zero."""
    return crosses_above(_mom(bars, window), 0.0)


@trigger(MOMENTUM, "C", needs=lambda window: window + 2, set="extended")
def mom_cross_down(bars: Bars, window: Annotated[int, Range(1, 200)] = 10) -> Mask:
    """Change over the window crosses below zero."""
    return crosses_below(_mom(bars, window), 0.0)


def _bop(bars: Bars) -> Array:
    """Balance of power; unknown, not balanced, for a bar without range."""
    balance = oscillators.bop(bars.open, bars.high, bars.low, bars.close)
    return np.where(bars.high > bars.low, balance, np.nan)


@state(MOMENTUM, "OHLC", needs=lambda: 1, set="extended")
def bop_bullish(bars: Bars) -> Mask:
    """Balance of power above zero."""
    return _bop(bars) > 0


@state(MOMENTUM, "OHLC", needs=lambda: 1, set="extended")
def bop_bearish(bars: Bars) -> Mask:
    """Balance of power below zero."""
    return _bop(bars) < 0


@trigger(MOMENTUM, "OHLC", needs=lambda: 2, set="extended")
def bop_cross_up(bars: Bars) -> Mask:
    """Balance of power crosses above zero."""
    return crosses_above(_bop(bars), 0.0)


@trigger(MOMENTUM, "OHLC", needs=lambda: 2, set="extended")
def bop_cross_down(bars: Bars) -> Mask:
    """Balance of power crosses below zero."""
    return crosses_below(_bop(bars), 0.0)


def _apo(bars: Bars, window_fast: int, window_slow: int) -> Array:
    return np.asarray(momentum.apo(bars.close, window_fast, window_slow, from_first=True))


@state(MOMENTUM, "C", needs=lambda window_fast, window_slow: window_slow, set="extended")
def apo_bullish(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 12,
    window_slow: Annotated[int, Range(5, 200)] = 26,
) -> Mask:
    """Fast exponential average above the slow one."""
    return above(_apo(bars, window_fast, window_slow), 0.0, bars.close)


@state(MOMENTUM, "C", needs=lambda window_fast, window_slow: window_slow, set="extended")
def apo_bearish(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 12,
    window_slow: Annotated[int, Range(5, 200)] = 26,
) -> Mask:
    """Fast exponential average below the slow one."""
    return below(_apo(bars, window_fast, window_slow), 0.0, bars.close)


@trigger(MOMENTUM, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def apo_cross_up(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 12,
    window_slow: Annotated[int, Range(5, 200)] = 26,
) -> Mask:
    """Absolute price oscillator crosses above zero."""
    return crosses_above(_apo(bars, window_fast, window_slow), 0.0, bars.close)


@trigger(MOMENTUM, "C", needs=lambda window_fast, window_slow: window_slow + 1, set="extended")
def apo_cross_down(
    bars: Bars,
    window_fast: Annotated[int, Range(2, 100)] = 12,
    window_slow: Annotated[int, Range(5, 200)] = 26,
) -> Mask:
    """Absolute price oscillator crosses below zero."""
    return crosses_below(_apo(bars, window_fast, window_slow), 0.0, bars.close)


def _cmo(bars: Bars, window: int) -> Array:
    return np.asarray(momentum.cmo(bars.close, window))


@state(MOMENTUM, "C", needs=lambda window, threshold: window + 1, set="extended")
def cmo_overbought(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(20, 90)] = 50.0
) -> Mask:
    """Chande momentum at or above the threshold."""
    return _cmo(bars, window) >= threshold


@state(MOMENTUM, "C", needs=lambda window, threshold: window + 1, set="extended")
def cmo_oversold(
    bars: Bars,
    window: Annotated[int, Range(2, 100)] = 14,
    threshold: Annotated[float, Range(-90, -20)] = -50.0,
) -> Mask:
    """Chande momentum at or below the threshold."""
    return _cmo(bars, window) <= threshold


@trigger(MOMENTUM, "C", needs=lambda window, threshold: window + 2, set="extended")
def cmo_cross_up(
    bars: Bars,
    window: Annotated[int, Range(2, 100)] = 14,
    threshold: Annotated[float, Range(-90, -20)] = -50.0,
) -> Mask:
    """Chande momentum crosses above the threshold."""
    return crosses_above(_cmo(bars, window), threshold)


@trigger(MOMENTUM, "C", needs=lambda window, threshold: window + 2, set="extended")
def cmo_cross_down(
    bars: Bars, window: Annotated[int, Range(2, 100)] = 14, threshold: Annotated[float, Range(20, 90)] = 50.0
) -> Mask:
    """Chande momentum crosses below the threshold."""
    return crosses_below(_cmo(bars, window), threshold)
