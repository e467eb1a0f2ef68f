"""Stored candles for the API's tests: some years of hours of BTC and ETH that go on after the floor's clock."""

from datetime import timedelta
from pathlib import Path

import numpy as np

from db.candles import CandleStore, Series
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import millis

DAYS = 420
EXCHANGE = "binance"


def candles(end_ms: int, seed: int) -> Candles:
    """Hours that end after ``end_ms``."""
    rng = np.random.default_rng(seed)
    count = (DAYS + 2) * 24
    start = end_ms // 3_600_000 * 3_600_000 - DAYS * 24 * 3_600_000
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.006, count)))
    opens = np.concatenate([[100.0], close[:-1]])
    high, low = np.maximum(opens, close) * 1.002, np.minimum(opens, close) * 0.998
    stamps = start + np.arange(count, dtype=np.int64) * 3_600_000
    return Candles.of(stamps, opens, high, low, close, rng.uniform(1, 10, count))


def stored(world, home: Path) -> dict[str, Candles]:
    """Put candles into a home and give it to the floor; returns what is stored, by symbol."""
    object.__setattr__(world.floor, "home", home)
    end, kept = millis(world.session.as_of), {}
    for seed, symbol in enumerate(("BTC/USDT", "BTC/USDT:USDT", "ETH/USDT")):
        kept[symbol] = candles(end, seed)
        CandleStore(home).merge(Series(EXCHANGE, symbol, "1h"), kept[symbol])
    return kept


HOUR = timedelta(hours=1)
