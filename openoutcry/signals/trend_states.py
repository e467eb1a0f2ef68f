"""Trend, extended set: Heikin-Ashi, chandelier, alligator, SuperTrend, ribbon, squeeze."""

from itertools import pairwise
from typing import Annotated

import numpy as np

from openoutcry.indicators import averages, stops, trend
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars, above, below
from openoutcry.signals.declare import Range, state, trigger

TREND = "trend"
RIBBON = (5, 8, 13, 21, 34, 55, 89, 144)


def _heikin_ashi(bars: Bars) -> tuple[Array, Array]:
    opened, _, _, closed = trend.heikin_ashi(bars.open, bars.high, bars.low, bars.close)
    return closed, opened


@state(TREND, "OHLC", needs=lambda: 1, set="extended")
def heikin_ashi_bullish(bars: Bars) -> Mask:
    """Heikin-Ashi candle closes above its open."""
    return above(*_heikin_ashi(bars))


@state(TREND, "OHLC", needs=lambda: 1, set="extended")
def heikin_ashi_bearish(bars: Bars) -> Mask:
    """Heikin-Ashi candle closes below its open."""
    return below(*_heikin_ashi(bars))


def _chandelier(bars: Bars, window: int, multiplier: float) -> tuple[Array, Array]:
    long, short = stops.chandelier(bars.high, bars.low, bars.close, window, multiplier, from_first=True)
    return long, short


@state(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def chandelier_long_stop_hit(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 22, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """Close below the chandelier stop of a long."""
    return below(bars.close, _chandelier(bars, window, multiplier)[0])


@state(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def chandelier_short_stop_hit(
    bars: Bars, window: Annotated[int, Range(5, 100)] = 22, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """Close above the chandelier stop of a short."""
    return above(bars.close, _chandelier(bars, window, multiplier)[1])


def _alligator(bars: Bars, *sizes: int) -> tuple[Mask, Mask, Mask]:
    """Lips above teeth above jaw; the other way round; and whether all three lines are known."""
    jaw, teeth, lips = trend.alligator(bars.high, bars.low, *sizes, from_first=True)
    up, down = above(lips, teeth) & above(teeth, jaw), below(lips, teeth) & below(teeth, jaw)
    return up, down, ~np.isnan(jaw + teeth + lips)


@state(TREND, "HL", needs=lambda jaw, jaw_offset, **_: jaw + jaw_offset + 1, set="extended")
def alligator_bullish(
    bars: Bars,
    jaw: Annotated[int, Range(5, 50)] = 13,
    teeth: Annotated[int, Range(3, 30)] = 8,
    lips: Annotated[int, Range(2, 20)] = 5,
    jaw_offset: Annotated[int, Range(0, 20)] = 8,
    teeth_offset: Annotated[int, Range(0, 15)] = 5,
    lips_offset: Annotated[int, Range(0, 10)] = 3,
) -> Mask:
    """Lips above teeth above jaw."""
    return _alligator(bars, jaw, teeth, lips, jaw_offset, teeth_offset, lips_offset)[0]


@state(TREND, "HL", needs=lambda jaw, jaw_offset, **_: jaw + jaw_offset + 1, set="extended")
def alligator_bearish(
    bars: Bars,
    jaw: Annotated[int, Range(5, 50)] = 13,
    teeth: Annotated[int, Range(3, 30)] = 8,
    lips: Annotated[int, Range(2, 20)] = 5,
    jaw_offset: Annotated[int, Range(0, 20)] = 8,
    teeth_offset: Annotated[int, Range(0, 15)] = 5,
    lips_offset: Annotated[int, Range(0, 10)] = 3,
) -> Mask:
    """Lips below teeth below jaw."""
    return _alligator(bars, jaw, teeth, lips, jaw_offset, teeth_offset, lips_offset)[1]


@state(TREND, "HL", needs=lambda jaw, jaw_offset, **_: jaw + jaw_offset + 1, set="extended")
def alligator_sleeping(
    bars: Bars,
    jaw: Annotated[int, Range(5, 50)] = 13,
    teeth: Annotated[int, Range(3, 30)] = 8,
    lips: Annotated[int, Range(2, 20)] = 5,
    jaw_offset: Annotated[int, Range(0, 20)] = 8,
    teeth_offset: Annotated[int, Range(0, 15)] = 5,
    lips_offset: Annotated[int, Range(0, 10)] = 3,
) -> Mask:
    """The three lines in neither order."""
    up, down, known = _alligator(bars, jaw, teeth, lips, jaw_offset, teeth_offset, lips_offset)
    return known & ~up & ~down


def _supertrend(bars: Bars, window: int, multiplier: float) -> Array:
    return np.asarray(stops.supertrend(bars.high, bars.low, bars.close, window, multiplier)[1])


def turned(direction: Array, to: int) -> Mask:
    """The direction was the opposite at the bar before and is ``to`` now."""
    return np.concatenate(([False], (direction[1:] == to) & (direction[:-1] == -to)))[: len(direction)]


@state(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def supertrend_long(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 10, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """SuperTrend is up."""
    return np.asarray(_supertrend(bars, window, multiplier) == 1)


@state(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def supertrend_short(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 10, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """SuperTrend is down."""
    return np.asarray(_supertrend(bars, window, multiplier) == -1)


@trigger(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def supertrend_flip_up(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 10, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """SuperTrend turns up."""
    return turned(_supertrend(bars, window, multiplier), 1)


@trigger(TREND, "HLC", needs=lambda window, multiplier: window + 1, set="extended")
def supertrend_flip_down(
    bars: Bars, window: Annotated[int, Range(5, 50)] = 10, multiplier: Annotated[float, Range(0.5, 10)] = 3.0
) -> Mask:
    """SuperTrend turns down."""
    return turned(_supertrend(bars, window, multiplier), -1)


def _ribbon(bars: Bars, windows: tuple[int, ...]) -> tuple[Mask, Mask, Mask]:
    """Every average above the next slower one; every one below; and whether all are known."""
    lines = [np.asarray(averages.sma(bars.close, window)) for window in windows]
    pairs = list(pairwise(lines))
    rising = np.all([above(fast, slow) for fast, slow in pairs], axis=0)
    falling = np.all([below(fast, slow) for fast, slow in pairs], axis=0)
    return rising, falling, ~np.isnan(lines[-1])


@state(TREND, "C", needs=lambda windows: max(windows), set="extended")
def ma_ribbon_bullish(bars: Bars, windows: Annotated[tuple[int, ...], Range(2, 1000)] = RIBBON) -> Mask:
    """Every simple average of the ribbon above the next slower one."""
    return _ribbon(bars, windows)[0]


@state(TREND, "C", needs=lambda windows: max(windows), set="extended")
def ma_ribbon_bearish(bars: Bars, windows: Annotated[tuple[int, ...], Range(2, 1000)] = RIBBON) -> Mask:
    """Every simple average of the ribbon below the next slower one."""
    return _ribbon(bars, windows)[1]


@state(TREND, "C", needs=lambda windows: max(windows), set="extended")
def ma_ribbon_tangled(bars: Bars, windows: Annotated[tuple[int, ...], Range(2, 1000)] = RIBBON) -> Mask:
    """The ribbon's averages in no one order."""
    rising, falling, known = _ribbon(bars, windows)
    return np.asarray(known & ~rising & ~falling)


def _squeeze(
    bars: Bars, bb_window: int, bb_std: float, kc_window: int, kc_atr_mult: float, mom_window: int
) -> tuple[Mask, Array]:
    """Whether the squeeze is on, and its momentum."""
    params = bb_window, bb_std, kc_window, kc_atr_mult, mom_window
    on, momentum = trend.ttm_squeeze(bars.high, bars.low, bars.close, *params, from_first=True)
    return on > 0, momentum


def _fired(on: Mask) -> Mask:
    return np.concatenate(([False], on[:-1] & ~on[1:]))[: len(on)]


@state(TREND, "HLC", needs=lambda bb_window, kc_window, **_: max(bb_window, kc_window) + 1, set="extended")
def ttm_squeeze_active(
    bars: Bars,
    bb_window: Annotated[int, Range(5, 100)] = 20,
    bb_std: Annotated[float, Range(1, 4)] = 2.0,
    kc_window: Annotated[int, Range(5, 100)] = 20,
    kc_atr_mult: Annotated[float, Range(0.5, 3)] = 1.5,
    mom_window: Annotated[int, Range(5, 50)] = 12,
) -> Mask:
    """Bollinger bands inside the Keltner channel."""
    return _squeeze(bars, bb_window, bb_std, kc_window, kc_atr_mult, mom_window)[0]


@trigger(TREND, "HLC", needs=lambda bb_window, kc_window, **_: max(bb_window, kc_window) + 2, set="extended")
def ttm_squeeze_fired_bullish(
    bars: Bars,
    bb_window: Annotated[int, Range(5, 100)] = 20,
    bb_std: Annotated[float, Range(1, 4)] = 2.0,
    kc_window: Annotated[int, Range(5, 100)] = 20,
    kc_atr_mult: Annotated[float, Range(0.5, 3)] = 1.5,
    mom_window: Annotated[int, Range(5, 50)] = 12,
) -> Mask:
    """The squeeze ends with momentum above zero."""
    on, momentum = _squeeze(bars, bb_window, bb_std, kc_window, kc_atr_mult, mom_window)
    return _fired(on) & above(momentum, 0.0, bars.close)


@trigger(TREND, "HLC", needs=lambda bb_window, kc_window, **_: max(bb_window, kc_window) + 2, set="extended")
def ttm_squeeze_fired_bearish(
    bars: Bars,
    bb_window: Annotated[int, Range(5, 100)] = 20,
    bb_std: Annotated[float, Range(1, 4)] = 2.0,
    kc_window: Annotated[int, Range(5, 100)] = 20,
    kc_atr_mult: Annotated[float, Range(0.5, 3)] = 1.5,
    mom_window: Annotated[int, Range(5, 50)] = 12,
) -> Mask:
    """The squeeze ends with momentum below zero."""
    on, momentum = _squeeze(bars, bb_window, bb_std, kc_window, kc_atr_mult, mom_window)
    return _fired(on) & below(momentum, 0.0, bars.close)
