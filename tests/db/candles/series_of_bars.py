"""Small candle series for tests."""

from datetime import UTC, datetime

import numpy as np

from db.candles import Series
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import millis

BTC_1H = Series("binance", "BTC/USDT", "1h")
HOUR = 3_600_000
START = datetime(2024, 1, 30, tzinfo=UTC)


def walk(count: int, *, start: datetime = START, step_ms: int = HOUR, seed: int = 1) -> Candles:
    """A consistent random walk of ``count`` bars; a longer one starts with the shorter one."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0, 0.01, count)))
    opened = np.concatenate([[100.0], close[:-1]])
    high = np.maximum(opened, close) * 1.001
    low = np.minimum(opened, close) * 0.999
    stamps = millis(start) + step_ms * np.arange(count, dtype=np.int64)
    volume = np.random.default_rng([seed, 1]).uniform(1, 9, count)
    return Candles.of(stamps, opened, high, low, close, volume)


def without(candles: Candles, rows: list[int]) -> Candles:
    """The candles with some rows left out."""
    return Candles.of(*[np.delete(column, rows) for column in candles.arrays()])


def changed(candles: Candles, row: int, **values: float) -> Candles:
    """The candles with some values of one row changed."""
    columns = dict(
        zip(("timestamp", "open", "high", "low", "close", "volume"), candles.arrays(), strict=True)
    )
    for name, value in values.items():
        columns[name] = columns[name].copy()
        columns[name][row] = value
    return Candles.of(**columns)
