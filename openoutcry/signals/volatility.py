"""Volatility: breakouts of bands and channels, squeezes, and how large the range is."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, volatility
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, crosses_above, crosses_below
from openoutcry.signals.declare import Range, state, trigger

VOLATILITY = "volatility"


@trigger(VOLATILITY, "C", needs=lambda window, window_dev: window + 1)
def bb_upper_breakout(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 20, window_dev: Annotated[int, Range(1, 5)] = 2
) -> Mask:
    """Close crosses above the upper Bollinger band."""
    return crosses_above(bars.close, volatility.bbands(bars.close, window, window_dev)[0])


@trigger(VOLATILITY, "C", needs=lambda window, window_dev: window + 1)
def bb_lower_breakout(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 20, window_dev: Annotated[int, Range(1, 5)] = 2
) -> Mask:
    """Close crosses below the lower Bollinger band."""
    return crosses_below(bars.close, volatility.bbands(bars.close, window, window_dev)[2])


@trigger(VOLATILITY, "C", needs=lambda window, window_dev, threshold: window + 1)
def bb_squeeze(
    bars: Bars,
    window: Annotated[int, Range(5, 100)] = 20,
    window_dev: Annotated[int, Range(1, 5)] = 2,
    threshold: Annotated[float, Range(1, 20)] = 5.0,
) -> Mask:
    """Width of the Bollinger bands falls below the threshold, in percent of the middle."""
    return crosses_below(volatility.bbands(bars.close, window, window_dev)[4], threshold)


@state(VOLATILITY, "HLC", needs=lambda window, threshold_pct: window)
def atr_high_volatility(
    bars: Bars,
    window: Annotated[int, Range(5, 50)] = 14,
    threshold_pct: Annotated[float, Range(0.5, 10)] = 3.0,
) -> Mask:
    """ATR above the threshold, in percent of the close."""
    share = np.asarray(volatility.natr(bars.high, bars.low, bars.close, window, from_first=True))
    return share > threshold_pct


def _keltner(
    bars: Bars, window: int, window_atr: int, multiplier: float, original: bool
) -> tuple[Array, Array]:
    """Upper and lower line; the original version averages typical prices stretched by the bar's range."""
    high, low, close = bars.high, bars.low, bars.close
    if original:
        upper = averages.sma((4.0 * high - 2.0 * low + close) / 3.0, window)
        return upper, averages.sma((-2.0 * high + 4.0 * low + close) / 3.0, window)
    upper, _, lower = volatility.keltner(high, low, close, window, window_atr, multiplier, from_first=True)
    return upper, lower


@trigger(VOLATILITY, "HLC", needs=lambda window, window_atr, **_: max(window, window_atr) + 1)
def kc_upper_breakout(
    bars: Bars,
    window: Annotated[int, Range(10, 50)] = 20,
    window_atr: Annotated[int, Range(5, 30)] = 10,
    multiplier: Annotated[float, Range(0.5, 5)] = 2.0,
    original_version: bool = False,
) -> Mask:
    """Close crosses above the upper Keltner line."""
    return crosses_above(bars.close, _keltner(bars, window, window_atr, multiplier, original_version)[0])


@trigger(VOLATILITY, "HLC", needs=lambda window, window_atr, **_: max(window, window_atr) + 1)
def kc_lower_breakout(
    bars: Bars,
    window: Annotated[int, Range(10, 50)] = 20,
    window_atr: Annotated[int, Range(5, 30)] = 10,
    multiplier: Annotated[float, Range(0.5, 5)] = 2.0,
    original_version: bool = False,
) -> Mask:
    """Close crosses below the lower Keltner line."""
    return crosses_below(bars.close, _keltner(bars, window, window_atr, multiplier, original_version)[1])


@trigger(VOLATILITY, "HLC", needs=lambda window: window + 2)
def dc_upper_breakout(bars: Bars, window: Annotated[int, Range(5, 100)] = 20) -> Mask:
    """Close crosses above the highest high of the bars before."""
    return crosses_above(bars.close, volatility.donchian(bars.high, bars.low, window)[0])


@trigger(VOLATILITY, "HLC", needs=lambda window: window + 2)
def dc_lower_breakout(bars: Bars, window: Annotated[int, Range(5, 100)] = 20) -> Mask:
    """Close crosses below the lowest low of the bars before."""
    return crosses_below(bars.close, volatility.donchian(bars.high, bars.low, window)[1])


@state(VOLATILITY, "C", needs=lambda window, threshold: window)
def ulcer_high_risk(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 14, threshold: Annotated[float, Range(5, 30)] = 10.0
) -> Mask:
    """Ulcer index above the threshold."""
    return np.asarray(volatility.ulcer_index(bars.close, window) > threshold)


@state(VOLATILITY, "C", needs=lambda window, threshold: window)
def ulcer_low_risk(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 14, threshold: Annotated[float, Range(1, 15)] = 5.0
) -> Mask:
    """Ulcer index below the threshold."""
    return np.asarray(volatility.ulcer_index(bars.close, window) < threshold)
