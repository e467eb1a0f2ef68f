"""A digest of what a round saw: the last closed bars of its series, written out as text."""

import hashlib

import numpy as np

from db.candles import Series
from openoutcry.market.candles import Candles

DIGEST_BARS = 256


class BarLines:
    """Bars as lines ``ms,open,high,low,close,volume`` (floats by repr). Remembers lines, as windows overlap."""

    def __init__(self) -> None:
        self._kept: dict[Series, tuple[Candles, list[bytes]]] = {}

    def of(self, series: Series, window: Candles) -> list[bytes]:
        """One line per bar."""
        before = self._kept.get(series)
        lines = [] if before is None else _overlap(*before, window)
        fresh = window[len(lines) :]
        columns = (column.tolist() for column in fresh.arrays())
        lines += [
            f"{at},{o!r},{h!r},{low!r},{c!r},{v!r}\n".encode()
            for at, o, h, low, c, v in zip(*columns, strict=True)
        ]
        self._kept[series] = (window, lines)
        return lines

    def digest(self, windows: list[tuple[Series, Candles]]) -> str:
        """Hex SHA-256 of the last DIGEST_BARS bars of each series under its name."""
        whole = hashlib.sha256()
        for series, window in windows:
            whole.update(f"{series.symbol} {series.timeframe}\n".encode())
            whole.update(b"".join(self.of(series, window[-DIGEST_BARS:])))
        return whole.hexdigest()


def _overlap(kept: Candles, lines: list[bytes], window: Candles) -> list[bytes]:
    """The kept lines that the window begins with; none when any value differs."""
    if not len(window) or not len(kept):
        return []
    start = int(kept.timestamp.searchsorted(window.timestamp[0]))
    count = min(len(kept) - start, len(window))
    pairs = zip(kept[start : start + count].arrays(), window[:count].arrays(), strict=True)
    return lines[start : start + count] if all(np.array_equal(a, b) for a, b in pairs) else []
