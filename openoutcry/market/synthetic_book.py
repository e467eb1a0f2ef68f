"""The order book of a synthetic market at the close of a bar: wider and thinner when the bar was wild."""

import hashlib
from decimal import Decimal

import numpy as np

from openoutcry.market.book import Book, Level
from openoutcry.market.candles import Candles, Floats

DEPTH = 100
LEAST_SIZE = Decimal("0.00001")
LEAST_SPREAD_BPS = 0.4
SPREAD_OF_RANGE = 0.012
"""Share of the bar's high-low range that the spread takes."""
LEAN = 0.25
"""How far the book leans with the bar's own move."""


def synthetic_book(seed: int, symbol: str, bar: Candles, decimals: int, levels: int = 20) -> Book:
    """The book after the one bar in ``bar``, its best ``levels`` (at most DEPTH) a side; a bar has one book."""
    stamp, close = int(bar.timestamp[0]), float(bar.close[0])
    name = int.from_bytes(hashlib.sha256(symbol.encode()).digest()[:6])
    rng = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, name, stamp // 1000])))
    tick = 10.0**-decimals
    spread_range = max(float(bar.high[0] - bar.low[0]) / close, 1e-6)
    half = max(close * (LEAST_SPREAD_BPS / 1e4 + SPREAD_OF_RANGE * spread_range) / 2, tick / 2)
    up = float(bar.close[0] - bar.open[0]) / close / spread_range  # -1 .. 1: the bar's own direction
    away = half * rng.lognormal(0.3, 0.5, (2, DEPTH)).cumsum(axis=1)
    share = float(bar.volume[0]) / 40 / (1 + 40 * spread_range)
    sizes = share * rng.lognormal(0.0, 0.6, (2, DEPTH)) * np.minimum(0.4 + 0.08 * np.arange(DEPTH), 2.0)
    sizes *= np.array([[1 + LEAN * up], [1 - LEAN * up]])
    order = np.arange(DEPTH)
    bids = np.floor((close - half - away[0] + away[0][0]) / tick)
    asks = np.ceil((close + half + away[1] - away[1][0]) / tick)
    bids = np.minimum.accumulate(bids + order) - order
    asks = np.maximum.accumulate(np.maximum(asks, bids[0] + 1) - order) + order
    return Book(_side(bids, sizes[0], decimals, levels), _side(asks, sizes[1], decimals, levels))


def _side(ticks: Floats, sizes: Floats, decimals: int, levels: int) -> tuple[Level, ...]:
    unit = Decimal(1).scaleb(-decimals)
    pairs = zip(ticks[:levels].tolist(), sizes[:levels].tolist(), strict=True)
    return tuple(
        Level(int(tick) * unit, max(Decimal(f"{size:.5f}"), LEAST_SIZE)) for tick, size in pairs if tick > 0
    )
