"""Markets whose future is known to be knowable, or not."""

from datetime import UTC, datetime

import numpy as np

from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import SECONDS, millis

START = datetime(2024, 1, 1, tzinfo=UTC)


def market(bars: int, *, pull: float = 0.0, seed: int = 1, timeframe: str = "1h") -> Candles:
    """A random walk; with ``pull`` the price is drawn back to where it began, which can be learnt."""
    rng = np.random.default_rng(seed)
    away, path = 0.0, np.empty(bars)
    for i, shock in enumerate(rng.normal(0, 0.01, bars)):
        away += shock - pull * away
        path[i] = away
    close = 100 * np.exp(path)
    opened = np.concatenate([[100.0], close[:-1]])
    stamps = millis(START) + SECONDS[timeframe] * 1000 * np.arange(bars, dtype=np.int64)
    high, low = np.maximum(opened, close) * 1.001, np.minimum(opened, close) * 0.999
    return Candles.of(stamps, opened, high, low, close, np.full(bars, 10.0))
