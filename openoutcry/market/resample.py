"""Longer bars out of shorter ones."""

import numpy as np

from openoutcry.market.candles import Candles


def resampled(bars: Candles, bar_ms: int, until_ms: int) -> Candles:
    """Bars of length ``bar_ms``, aligned to the epoch, from ascending shorter ones.

    Only bars closed at ``until_ms`` are made, none for which nothing is known. The first is left out when the
    shorter bars begin after its open. Shorter bars missing inside are simply not in it, as at an exchange.
    """
    slot = bars.timestamp // bar_ms
    used = (slot + 1) * bar_ms <= until_ms
    if len(bars) and bars.timestamp[0] % bar_ms:
        used &= slot != slot[0]
    bars, slot = bars[slice(*_span(used))], slot[used]
    if not len(bars):
        return Candles.empty()
    starts = np.flatnonzero(np.concatenate([[True], slot[1:] != slot[:-1]]))
    ends = np.concatenate([starts[1:], [len(slot)]]) - 1
    return Candles.of(
        slot[starts] * bar_ms,
        bars.open[starts],
        np.maximum.reduceat(bars.high, starts),
        np.minimum.reduceat(bars.low, starts),
        bars.close[ends],
        np.add.reduceat(bars.volume, starts),
    )


def _span(used: "np.ndarray[tuple[int], np.dtype[np.bool_]]") -> tuple[int, int]:
    rows = np.flatnonzero(used)
    return (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
