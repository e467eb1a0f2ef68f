"""Candlestick patterns that end at this bar."""

from collections.abc import Callable
from typing import Annotated, Any

import numpy as np

from openoutcry.indicators import candlesticks as candle
from openoutcry.indicators.line import Array, Mask
from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import Range, trigger

PATTERNS = "patterns"
Pattern = Callable[..., Any]


def _at(pattern: Pattern, bars: Bars, *params: float) -> Array:
    """A pattern over open, high, low and close: 1 bullish (or there), −1 bearish, 0 not."""
    return np.asarray(pattern(bars.open, bars.high, bars.low, bars.close, *params))


def _body_at(pattern: Pattern, bars: Bars) -> Array:
    return np.asarray(pattern(bars.open, bars.close))


def _reach_at(pattern: Pattern, bars: Bars, *params: int) -> Array:
    return np.asarray(pattern(bars.high, bars.low, *params))


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold: 1)
def doji_trigger(bars: Bars, body_threshold: Annotated[float, Range(0.01, 0.3)] = 0.1) -> Mask:
    """Doji."""
    return _at(candle.doji, bars, body_threshold) > 0


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold, wick_threshold: 1)
def long_legged_doji_trigger(
    bars: Bars,
    body_threshold: Annotated[float, Range(0.01, 0.3)] = 0.1,
    wick_threshold: Annotated[float, Range(0.1, 0.5)] = 0.25,
) -> Mask:
    """Long-legged doji."""
    return _at(candle.long_legged_doji, bars, body_threshold, wick_threshold) > 0


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold, upper_wick_max: 1)
def dragonfly_doji_trigger(
    bars: Bars,
    body_threshold: Annotated[float, Range(0.01, 0.3)] = 0.1,
    upper_wick_max: Annotated[float, Range(0.01, 0.2)] = 0.1,
) -> Mask:
    """Dragonfly doji."""
    return _at(candle.dragonfly_doji, bars, body_threshold, upper_wick_max) > 0


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold, lower_wick_max: 1)
def gravestone_doji_trigger(
    bars: Bars,
    body_threshold: Annotated[float, Range(0.01, 0.3)] = 0.1,
    lower_wick_max: Annotated[float, Range(0.01, 0.2)] = 0.1,
) -> Mask:
    """Gravestone doji."""
    return _at(candle.gravestone_doji, bars, body_threshold, lower_wick_max) < 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, upper_wick_max: 1)
def hammer_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    upper_wick_max: Annotated[float, Range(0.01, 0.5)] = 0.1,
) -> Mask:
    """Hammer."""
    return _at(candle.hammer, bars, wick_ratio, upper_wick_max) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, lower_wick_max: 1)
def shooting_star_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    lower_wick_max: Annotated[float, Range(0.01, 0.5)] = 0.1,
) -> Mask:
    """Shooting star: the shape of the inverted hammer; which of the two it is, the trend before says."""
    return _at(candle.inverted_hammer, bars, wick_ratio, lower_wick_max) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, upper_wick_max: 1)
def hanging_man_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    upper_wick_max: Annotated[float, Range(0.01, 0.5)] = 0.1,
) -> Mask:
    """Hanging man: the shape of the hammer; which of the two it is, the trend before says."""
    return _at(candle.hammer, bars, wick_ratio, upper_wick_max) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, lower_wick_max: 1)
def inverted_hammer_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    lower_wick_max: Annotated[float, Range(0.01, 0.5)] = 0.1,
) -> Mask:
    """Inverted hammer."""
    return _at(candle.inverted_hammer, bars, wick_ratio, lower_wick_max) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_tolerance: 1)
def marubozu_bullish_trigger(bars: Bars, wick_tolerance: Annotated[float, Range(0, 0.1)] = 0.05) -> Mask:
    """Rising marubozu."""
    return _at(candle.marubozu, bars, wick_tolerance) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_tolerance: 1)
def marubozu_bearish_trigger(bars: Bars, wick_tolerance: Annotated[float, Range(0, 0.1)] = 0.05) -> Mask:
    """Falling marubozu."""
    return _at(candle.marubozu, bars, wick_tolerance) < 0


@trigger(PATTERNS, "OHLC", needs=lambda body_max, wick_min: 1)
def spinning_top_trigger(
    bars: Bars,
    body_max: Annotated[float, Range(0.1, 0.5)] = 0.3,
    wick_min: Annotated[float, Range(0.1, 0.5)] = 0.2,
) -> Mask:
    """Spinning top."""
    return _at(candle.spinning_top, bars, body_max, wick_min) > 0


@trigger(PATTERNS, "OC", needs=lambda: 2)
def bullish_engulfing_trigger(bars: Bars) -> Mask:
    """Bullish engulfing."""
    return _body_at(candle.engulfing, bars) > 0


@trigger(PATTERNS, "OC", needs=lambda: 2)
def bearish_engulfing_trigger(bars: Bars) -> Mask:
    """Bearish engulfing."""
    return _body_at(candle.engulfing, bars) < 0


@trigger(PATTERNS, "OC", needs=lambda: 2)
def bullish_harami_trigger(bars: Bars) -> Mask:
    """Bullish harami."""
    return _body_at(candle.harami, bars) > 0


@trigger(PATTERNS, "OC", needs=lambda: 2)
def bearish_harami_trigger(bars: Bars) -> Mask:
    """Bearish harami."""
    return _body_at(candle.harami, bars) < 0


@trigger(PATTERNS, "OHLC", needs=lambda min_penetration: 2)
def piercing_line_trigger(bars: Bars, min_penetration: Annotated[float, Range(0.3, 0.8)] = 0.5) -> Mask:
    """Piercing line, opening below the low before."""
    return _at(candle.piercing, bars, min_penetration) > 0


@trigger(PATTERNS, "OHLC", needs=lambda min_penetration: 2)
def dark_cloud_cover_trigger(bars: Bars, min_penetration: Annotated[float, Range(0.3, 0.8)] = 0.5) -> Mask:
    """Dark cloud cover, opening above the high before."""
    return _at(candle.piercing, bars, min_penetration) < 0


@trigger(PATTERNS, "OHLC", needs=lambda tolerance: 2)
def tweezer_tops_trigger(bars: Bars, tolerance: Annotated[float, Range(0.001, 0.05)] = 0.01) -> Mask:
    """Tweezer tops."""
    return _at(candle.tweezers, bars, tolerance) < 0


@trigger(PATTERNS, "OHLC", needs=lambda tolerance: 2)
def tweezer_bottoms_trigger(bars: Bars, tolerance: Annotated[float, Range(0.001, 0.05)] = 0.01) -> Mask:
    """Tweezer bottoms."""
    return _at(candle.tweezers, bars, tolerance) > 0


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold: 3)
def morning_star_trigger(bars: Bars, body_threshold: Annotated[float, Range(0.1, 0.5)] = 0.3) -> Mask:
    """Morning star."""
    return _at(candle.star, bars, body_threshold) > 0


@trigger(PATTERNS, "OHLC", needs=lambda body_threshold: 3)
def evening_star_trigger(bars: Bars, body_threshold: Annotated[float, Range(0.1, 0.5)] = 0.3) -> Mask:
    """Evening star."""
    return _at(candle.star, bars, body_threshold) < 0


@trigger(PATTERNS, "OHLC", needs=lambda min_body_ratio: 3)
def three_white_soldiers_trigger(bars: Bars, min_body_ratio: Annotated[float, Range(0.3, 0.8)] = 0.5) -> Mask:
    """Three white soldiers."""
    return _at(candle.three_soldiers, bars, min_body_ratio) > 0


@trigger(PATTERNS, "OHLC", needs=lambda min_body_ratio: 3)
def three_black_crows_trigger(bars: Bars, min_body_ratio: Annotated[float, Range(0.3, 0.8)] = 0.5) -> Mask:
    """Three black crows."""
    return _at(candle.three_soldiers, bars, min_body_ratio) < 0


@trigger(PATTERNS, "OC", needs=lambda: 3)
def three_inside_up_trigger(bars: Bars) -> Mask:
    """Three inside up."""
    return _body_at(candle.three_inside, bars) > 0


@trigger(PATTERNS, "OC", needs=lambda: 3)
def three_inside_down_trigger(bars: Bars) -> Mask:
    """Three inside down."""
    return _body_at(candle.three_inside, bars) < 0


@trigger(PATTERNS, "HL", needs=lambda: 2)
def inside_bar_trigger(bars: Bars) -> Mask:
    """Inside bar."""
    return _reach_at(candle.inside_bar, bars) > 0


@trigger(PATTERNS, "HL", needs=lambda: 2)
def outside_bar_trigger(bars: Bars) -> Mask:
    """Outside bar."""
    return _reach_at(candle.outside_bar, bars) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, body_position: 1)
def bullish_pin_bar_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    body_position: Annotated[float, Range(0.1, 0.5)] = 0.33,
) -> Mask:
    """Bullish pin bar."""
    return _at(candle.pin_bar, bars, wick_ratio, body_position) > 0


@trigger(PATTERNS, "OHLC", needs=lambda wick_ratio, body_position: 1)
def bearish_pin_bar_trigger(
    bars: Bars,
    wick_ratio: Annotated[float, Range(1.5, 5)] = 2.0,
    body_position: Annotated[float, Range(0.1, 0.5)] = 0.33,
) -> Mask:
    """Bearish pin bar."""
    return _at(candle.pin_bar, bars, wick_ratio, body_position) < 0


@trigger(PATTERNS, "OHLC", needs=lambda: 2)
def two_bar_reversal_bullish_trigger(bars: Bars) -> Mask:
    """Bullish two bar reversal."""
    return _at(candle.two_bar_reversal, bars) > 0


@trigger(PATTERNS, "OHLC", needs=lambda: 2)
def two_bar_reversal_bearish_trigger(bars: Bars) -> Mask:
    """Bearish two bar reversal."""
    return _at(candle.two_bar_reversal, bars) < 0


@trigger(PATTERNS, "HL", needs=lambda lookback: lookback)
def nr7_trigger(bars: Bars, lookback: Annotated[int, Range(4, 20)] = 7) -> Mask:
    """Narrowest range of the lookback."""
    return _reach_at(candle.narrow_range, bars, lookback) > 0
