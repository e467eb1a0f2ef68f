"""Three supports below the price and three resistances above it.

First where the market has turned (``indicators/support.py``), nearest first. Where it has turned fewer than three times on a
side, as at a high of all times, the rest are steps of one ATR(14) beyond the farthest, each a fixed share of the price.
"""

import math
from dataclasses import dataclass

from openoutcry.indicators.support import FALLBACK, price_levels
from openoutcry.indicators.volatility import atr
from openoutcry.market.candles import Candles

SIDES = 3
WINDOW = 500
"""Bars in which turns are looked for."""


@dataclass(frozen=True, slots=True)
class Turning:
    """``support`` descending, ``resistance`` ascending; how many of each the market has made itself; ATR(14) over price."""

    support: tuple[float, float, float]
    resistance: tuple[float, float, float]
    supports_found: int
    resistances_found: int
    atr_share: float


def turning_prices(candles: Candles) -> Turning:
    """The levels around the last close of at least 15 bars."""
    bars = candles[-WINDOW:]
    price = float(bars.close[-1])
    reach = float(atr(bars.high, bars.low, bars.close, 14)[-1])
    share = reach / price if math.isfinite(reach) and reach > 0 else FALLBACK
    found = price_levels(bars.high, bars.low, bars.close, count=SIDES)
    below = sorted((level.price for level in found if level.price < price), reverse=True)
    above = sorted(level.price for level in found if level.price > price)
    return Turning(
        support=_three(below, price, -share),
        resistance=_three(above, price, share),
        supports_found=len(below),
        resistances_found=len(above),
        atr_share=share,
    )


def _three(found: list[float], price: float, share: float) -> tuple[float, float, float]:
    levels = list(found)
    while len(levels) < SIDES:
        levels.append((levels[-1] if levels else price) * math.exp(share))
    return levels[0], levels[1], levels[2]
