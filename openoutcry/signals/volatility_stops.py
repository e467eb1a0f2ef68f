"""Volatility, extended set: normalised range, trailing stops and further channels."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import stops, volatility
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below
from openoutcry.signals.declare import Range, state, trigger
from openoutcry.signals.trend_states import turned

VOLATILITY = "volatility"


def _natr(bars: Bars, window: int) -> Array:
    return np.asarray(volatility.natr(bars.high, bars.low, bars.close, window, from_first=True))


@state(VOLATILITY, "HLC", needs=lambda window, threshold: window + 1, set="extended")
def natr_high_volatility(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, threshold: Annotated[float, Range(0.5, 20)] = 2.0
) -> Mask:
    """ATR above the threshold, in percent of the close."""
    return _natr(bars, window) > threshold


@state(VOLATILITY, "HLC", needs=lambda window, threshold: window + 1, set="extended")
def natr_low_volatility(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, threshold: Annotated[float, Range(0.1, 5)] = 1.0
) -> Mask:
    """ATR below the threshold, in percent of the close."""
    return _natr(bars, window) < threshold


def _trailing(bars: Bars, window: int, multiplier: float) -> Array:
    stop = stops.atr_trailing_stop(bars.high, bars.low, bars.close, window, multiplier, from_first=True)
    return np.asarray(stop[1])


@state(VOLATILITY, "HLC", needs=lambda window, multiplier: window + 2, set="extended")
def atr_trailing_stop_long(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """The ATR trailing stop is below the price."""
    return np.asarray(_trailing(bars, window, multiplier) == 1)


@state(VOLATILITY, "HLC", needs=lambda window, multiplier: window + 2, set="extended")
def atr_trailing_stop_short(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """The ATR trailing stop is above the price."""
    return np.asarray(_trailing(bars, window, multiplier) == -1)


@trigger(VOLATILITY, "HLC", needs=lambda window, multiplier: window + 2, set="extended")
def atr_trailing_stop_flip_up(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """The ATR trailing stop changes to below the price."""
    return turned(_trailing(bars, window, multiplier), 1)


@trigger(VOLATILITY, "HLC", needs=lambda window, multiplier: window + 2, set="extended")
def atr_trailing_stop_flip_down(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 14, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """The ATR trailing stop changes to above the price."""
    return turned(_trailing(bars, window, multiplier), -1)


def _starc(bars: Bars, window: int, window_atr: int, multiplier: float) -> tuple[Array, Array]:
    upper, _, lower = volatility.starc(
        bars.high, bars.low, bars.close, window, window_atr, multiplier, from_first=True
    )
    return upper, lower


@state(
    VOLATILITY,
    "HLC",
    needs=lambda window, window_atr, multiplier: max(window, window_atr) + 1,
    set="extended",
)
def starc_upper_breakout(
    bars: Bars,
    window: Annotated[int, Range(5, 100)] = 20,
    window_atr: Annotated[int, Range(5, 100)] = 15,
    multiplier: Annotated[float, Range(0.5, 5)] = 2.0,
) -> Mask:
    """Close above the upper STARC band."""
    return above(bars.close, _starc(bars, window, window_atr, multiplier)[0])


@state(
    VOLATILITY,
    "HLC",
    needs=lambda window, window_atr, multiplier: max(window, window_atr) + 1,
    set="extended",
)
def starc_lower_breakout(
    bars: Bars,
    window: Annotated[int, Range(5, 100)] = 20,
    window_atr: Annotated[int, Range(5, 100)] = 15,
    multiplier: Annotated[float, Range(0.5, 5)] = 2.0,
) -> Mask:
    """Close below the lower STARC band."""
    return below(bars.close, _starc(bars, window, window_atr, multiplier)[1])


@state(VOLATILITY, "C", needs=lambda window, multiplier: window + 1, set="extended")
def volatility_stop_upper(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 20, multiplier: Annotated[float, Range(0.5, 5)] = 2.0
) -> Mask:
    """Close at or above the upper volatility stop."""
    return np.asarray(bars.close >= stops.volatility_stop(bars.close, window, multiplier)[0])


@state(VOLATILITY, "C", needs=lambda window, multiplier: window + 1, set="extended")
def volatility_stop_lower(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 20, multiplier: Annotated[float, Range(0.5, 5)] = 2.0
) -> Mask:
    """Close at or below the lower volatility stop."""
    return np.asarray(bars.close <= stops.volatility_stop(bars.close, window, multiplier)[1])
