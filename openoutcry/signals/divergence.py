"""RSI divergences: price and RSI disagree between two confirmed swings of the close.

A swing is confirmed ``swing_window`` bars after it (see indicators/levels.py), and that is when a divergence fires.
The RSI of a swing is its extreme within ``swing_window`` bars of it.
"""

from typing import Annotated

import numpy as np

from openoutcry.indicators import momentum
from openoutcry.indicators.levels import swing
from openoutcry.indicators.line import Array, Mask
from openoutcry.indicators.rolling import highest, lowest
from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import Range, trigger

TREND = "trend"


def _needs(rsi_window: int, swing_window: int, min_swing_distance: int) -> int:
    return rsi_window + 2 * swing_window + min_swing_distance


def _swings(bars: Bars, rsi_window: int, swing_window: int, *, top: bool) -> tuple[Array, Array]:
    """Price of the swing confirmed at each bar (else NaN), and the RSI around it."""
    index = momentum.rsi(bars.close, rsi_window, from_first=True)
    extreme = highest if top else lowest
    return swing(bars.close, swing_window, top=top), extreme(index, 2 * swing_window + 1)


def _diverges(price: Array, index: Array, distance: int, price_sign: int) -> Mask:
    """Between a swing and the one before, price moved by ``price_sign`` and the RSI the other way."""
    found = np.zeros(len(price), dtype=np.bool_)
    at = np.flatnonzero(~np.isnan(price) & ~np.isnan(index))
    now, before = at[1:], at[:-1]
    apart = now - before >= distance
    disagree = (np.sign(price[now] - price[before]) == price_sign) & (
        np.sign(index[now] - index[before]) == -price_sign
    )
    found[now[apart & disagree]] = True
    return found


@trigger(TREND, "C", needs=_needs, set="extended")
def rsi_bullish_divergence(
    bars: Bars,
    rsi_window: Annotated[int, Range(2, 100)] = 14,
    swing_window: Annotated[int, Range(2, 20)] = 5,
    min_swing_distance: Annotated[int, Range(3, 50)] = 10,
) -> Mask:
    """A lower low of price with a higher low of the RSI."""
    return _diverges(*_swings(bars, rsi_window, swing_window, top=False), min_swing_distance, -1)


@trigger(TREND, "C", needs=_needs, set="extended")
def rsi_bearish_divergence(
    bars: Bars,
    rsi_window: Annotated[int, Range(2, 100)] = 14,
    swing_window: Annotated[int, Range(2, 20)] = 5,
    min_swing_distance: Annotated[int, Range(3, 50)] = 10,
) -> Mask:
    """A higher high of price with a lower high of the RSI."""
    return _diverges(*_swings(bars, rsi_window, swing_window, top=True), min_swing_distance, 1)


@trigger(TREND, "C", needs=_needs, set="extended")
def rsi_hidden_bullish_divergence(
    bars: Bars,
    rsi_window: Annotated[int, Range(2, 100)] = 14,
    swing_window: Annotated[int, Range(2, 20)] = 5,
    min_swing_distance: Annotated[int, Range(3, 50)] = 10,
) -> Mask:
    """A higher low of price with a lower low of the RSI."""
    return _diverges(*_swings(bars, rsi_window, swing_window, top=False), min_swing_distance, 1)


@trigger(TREND, "C", needs=_needs, set="extended")
def rsi_hidden_bearish_divergence(
    bars: Bars,
    rsi_window: Annotated[int, Range(2, 100)] = 14,
    swing_window: Annotated[int, Range(2, 20)] = 5,
    min_swing_distance: Annotated[int, Range(3, 50)] = 10,
) -> Mask:
    """A lower high of price with a higher high of the RSI."""
    return _diverges(*_swings(bars, rsi_window, swing_window, top=True), min_swing_distance, -1)
