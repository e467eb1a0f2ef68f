"""The order book of a synthetic market at the close of a bar: wider and thinner when the bar was wild."""

import hashlib
from decimal import Decimal

import numpy as np

from openoutcry.market.book import Book, Level
from openoutcry.market.candles import Candles

LEAST_SPREAD_BPS = 0.4
SPREAD_OF_RANGE = 0.012
"""Share of the bar's high-low range that the spread takes."""
LEAN = 0.25
"""How far the book leans with the bar's own move."""


def synthetic_book(seed: int, symbol: str, bar: Candles, decimals: int, levels: int = 20) -> Book:
    """The book after the one bar in ``bar``, ``levels`` a side around its close; a bar has one book."""
    stamp, close = int(bar.timestamp[0]), float(bar.close[0])
    name = int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:6])
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name, stamp // 1000])))
    tick = 10.0**-decimals
    spread_range = max(float(bar.high[0] - bar.low[0]) / close, 1e-6)
    half = max(close * (LEAST_SPREAD_BPS / 1e4 + SPREAD_OF_RANGE * spread_range) / 2, tick / 2)
    up = (
        float(bar.close[0] - bar.open[0]) / close / spread_range
    )  # -1 .. 1: where the bar closed in its range
    steps = half * rng.lognormal(0.3, 0.5, (2, levels)).cumsum(axis=1)
    share = float(bar.volume[0]) / 40 / (1 + 40 * spread_range)
    sizes = share * rng.lognormal(0.0, 0.6, (2, levels)) * np.linspace(0.4, 2.0, levels)
    sizes *= np.array([[1 + LEAN * up], [1 - LEAN * up]])
    bid_ticks = np.floor((close - half - steps[0] + steps[0][0]) / tick)
    ask_ticks = np.ceil((close + half + steps[1] - steps[1][0]) / tick)
    bid_ticks = np.minimum.accumulate(bid_ticks + np.arange(levels)) - np.arange(levels)
    ask_ticks = np.maximum.accumulate(ask_ticks - np.arange(levels)) + np.arange(levels)
    if ask_ticks[0] <= bid_ticks[0]:
        ask_ticks += bid_ticks[0] - ask_ticks[0] + 1
    return Book(_side(bid_ticks, sizes[0], decimals), _side(ask_ticks, sizes[1], decimals))


def _side(ticks: np.ndarray, sizes: np.ndarray, decimals: int) -> tuple[Level, ...]:
    unit = Decimal(1).scaleb(-decimals)
    least = Decimal("0.00001")
    return tuple(
        Level(int(tick) * unit, max(Decimal(repr(round(float(size), 5))), least))
        for tick, size in zip(ticks, sizes, strict=True)
        if tick > 0
    )
