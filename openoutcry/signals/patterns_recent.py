"""Candlestick patterns of a kind within the last bars. Piercing lines count here without a gap."""

from typing import Annotated

import numpy as np

from openoutcry.indicators import candlesticks as candle
from openoutcry.indicators.line import Mask
from openoutcry.indicators.rolling import highest_so_far
from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import Range, state

PATTERNS = "patterns"
NO_GAP = 0


def _reversals(bars: Bars) -> tuple[Mask, Mask]:
    """Bullish and bearish reversal patterns at each bar."""
    ohlc = bars.open, bars.high, bars.low, bars.close
    hammer, inverted = candle.hammer(*ohlc) > 0, candle.inverted_hammer(*ohlc) > 0
    engulfing, piercing = candle.engulfing(bars.open, bars.close), candle.piercing(*ohlc, 0.5, NO_GAP)
    star = candle.star(*ohlc)
    both = hammer | inverted
    bullish = both | (engulfing > 0) | (piercing > 0) | (star > 0) | (candle.dragonfly_doji(*ohlc) > 0)
    bearish = both | (engulfing < 0) | (piercing < 0) | (star < 0) | (candle.gravestone_doji(*ohlc) < 0)
    return bullish, bearish


def _continuations(bars: Bars) -> tuple[Mask, Mask]:
    soldiers = candle.three_soldiers(bars.open, bars.high, bars.low, bars.close)
    inside = candle.three_inside(bars.open, bars.close)
    return (soldiers > 0) | (inside > 0), (soldiers < 0) | (inside < 0)


def _milder(bars: Bars) -> tuple[Mask, Mask]:
    """Harami, tweezers and pin bars."""
    ohlc = bars.open, bars.high, bars.low, bars.close
    harami, tweezers, pin = (
        candle.harami(bars.open, bars.close),
        candle.tweezers(*ohlc),
        candle.pin_bar(*ohlc),
    )
    return (harami > 0) | (tweezers > 0) | (pin > 0), (harami < 0) | (tweezers < 0) | (pin < 0)


def _lately(found: Mask, lookback: int) -> Mask:
    return np.asarray(highest_so_far(found.astype(np.float64), lookback) > 0)


@state(PATTERNS, "OHLC", needs=lambda lookback: 2)
def bullish_pattern_recent(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """Any bullish pattern within the lookback."""
    return _lately(_reversals(bars)[0] | _continuations(bars)[0] | _milder(bars)[0], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 2)
def bearish_pattern_recent(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """Any bearish pattern within the lookback."""
    return _lately(_reversals(bars)[1] | _continuations(bars)[1] | _milder(bars)[1], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 2)
def reversal_pattern_bullish(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """A bullish reversal pattern within the lookback."""
    return _lately(_reversals(bars)[0], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 2)
def reversal_pattern_bearish(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """A bearish reversal pattern within the lookback."""
    return _lately(_reversals(bars)[1], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 3)
def continuation_pattern_bullish(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """Three white soldiers or three inside up within the lookback."""
    return _lately(_continuations(bars)[0], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 3)
def continuation_pattern_bearish(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """Three black crows or three inside down within the lookback."""
    return _lately(_continuations(bars)[1], lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 2)
def indecision_pattern_recent(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """A doji, spinning top, inside bar or narrowest range of seven within the lookback."""
    ohlc = bars.open, bars.high, bars.low, bars.close
    still = (candle.doji(*ohlc) > 0) | (candle.spinning_top(*ohlc) > 0)
    narrow = (candle.inside_bar(bars.high, bars.low) > 0) | (candle.narrow_range(bars.high, bars.low) > 0)
    return _lately(still | narrow, lookback)


@state(PATTERNS, "OHLC", needs=lambda lookback: 1)
def strong_body_recent(bars: Bars, lookback: Annotated[int, Range(1, 20)] = 5) -> Mask:
    """A marubozu, rising or falling, within the lookback."""
    return _lately(candle.marubozu(bars.open, bars.high, bars.low, bars.close) != 0, lookback)
