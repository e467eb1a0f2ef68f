"""Support and resistance: prices at which the market has turned, gathered where they lie close together."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.indicators.levels import swing
from openoutcry.indicators.line import Array
from openoutcry.indicators.volatility import atr

NEARNESS = 0.5
"""Turns within this many ATR(14) of each other are one level."""
FALLBACK = 0.001
"""The share of the price used instead while the ATR is not known or zero."""


@dataclass(frozen=True, slots=True)
class Level:
    """A price the market turned at ``touches`` times, last ``bars_ago`` bars ago. Resistance lies above the close."""

    price: float
    kind: Literal["support", "resistance"]
    touches: int
    bars_ago: int


def price_levels(
    high: Array, low: Array, close: Array, *, window: int = 5, count: int = 5
) -> tuple[Level, ...]:
    """Up to ``count`` levels on either side of the last close, nearest first.

    Turns are swings: extremes of ``window`` bars on either side, so the newest is at least ``window`` bars old.
    """
    if not len(close):
        return ()
    prices, ages = _turns(high, low, window)
    reach = float(atr(high, low, close, 14)[-1]) if len(close) > 14 else 0.0
    near = NEARNESS * reach if reach > 0 else FALLBACK * float(close[-1])
    last = float(close[-1])
    levels = [_level(prices[group], ages[group], last) for group in _gathered(prices, near)]
    levels.sort(key=lambda level: abs(level.price - last))
    supports = [level for level in levels if level.kind == "support"][:count]
    resistances = [level for level in levels if level.kind == "resistance"][:count]
    return tuple(sorted((*supports, *resistances), key=lambda level: abs(level.price - last)))


def _turns(high: Array, low: Array, window: int) -> tuple[Array, Array]:
    """Prices of the confirmed swings, ascending, and how many bars ago they were."""
    prices, ages = [], []
    for line, top in ((high, True), (low, False)):
        found = swing(line, window, top=top)
        at = np.flatnonzero(~np.isnan(found))
        prices.append(found[at])
        ages.append(len(line) - 1 - (at - window))
    flat, age = np.concatenate(prices), np.concatenate(ages).astype(np.float64)
    order = np.lexsort((age, flat))
    return flat[order], age[order]


def _gathered(prices: Array, near: float) -> list[slice]:
    """Runs of ascending prices that stay within ``near`` of the first."""
    groups, start = [], 0
    for i in range(1, len(prices) + 1):
        if i == len(prices) or prices[i] - prices[start] > near:
            groups.append(slice(start, i))
            start = i
    return groups if len(prices) else []


def _level(prices: Array, ages: Array, last: float) -> Level:
    price = float(prices.mean())
    return Level(price, "resistance" if price > last else "support", len(prices), int(ages.min()))
