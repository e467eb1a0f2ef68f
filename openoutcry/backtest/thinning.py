"""Fewer points that look like all of them: for charts and stored curves, never for figures."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Candles
from openoutcry.market.resample import resampled
from openoutcry.types.timeframes import SECONDS

MINUTE_MS = 60_000
STEPS = (1, 2, 3, 4, 6, 8, 12, 24, 48, 72, 168, 336, 720)
"""Multiples of a bar that charts are thinned by; the last is repeated."""


def kept(values: NDArray[np.float64], most: int) -> NDArray[np.int64]:
    """Rows to keep, ascending: about ``most``, among them the first, the last, and each stretch's lowest and highest."""
    count = len(values)
    if count <= most:
        return np.arange(count)
    stretches = max(1, most // 2 - 1)
    edges = np.linspace(0, count, stretches + 1).astype(np.int64)
    rows = [0, count - 1]
    for start, stop in pairwise(edges.tolist()):
        part = values[start:stop]
        rows += [int(start + np.argmin(part)), int(start + np.argmax(part))]
    return np.unique(np.asarray(rows, dtype=np.int64))


def coarser(candles: Candles, timeframe: str, most: int) -> tuple[Candles, int]:
    """Candles of a longer bar, ``most`` at most, and that bar's length in milliseconds."""
    bar_ms = SECONDS[timeframe] * 1000
    if len(candles) <= most:
        return candles, bar_ms
    span = int(candles.timestamp[-1] - candles.timestamp[0]) // bar_ms + 1
    times = next((step for step in STEPS if span <= step * most), -(-span // most))
    longer = bar_ms * times
    until = (int(candles.timestamp[-1]) // longer + 1) * longer  # the last one is shown though it is not over
    return resampled(candles, longer, until), longer


def bar_name(bar_ms: int) -> str:
    """``4h``, ``2d``: a bar length in words."""
    minutes = bar_ms // MINUTE_MS
    for size, letter in ((1440, "d"), (60, "h")):
        if minutes % size == 0:
            return f"{minutes // size}{letter}"
    return f"{minutes}m"
