"""Where prices come from: a seeded random walk, or bars that were recorded and are played from now on."""

from random import Random
from typing import Protocol

from sandbox.path import Bar
from sandbox.units import ONE

HOUR_MS = 3_600_000
START_PRICES = {"BTC": 60_000, "ETH": 3_000, "BNB": 600}
HISTORY_BARS = 24 * 400


class Feed(Protocol):
    """Base bars by slot (open time // span). None once the recording is over."""

    span_ms: int
    first_slot: int

    def bar(self, slot: int) -> Bar | None: ...


class SyntheticFeed:
    """A geometric random walk of hourly bars: the same seed and asset give the same bars in the same slots."""

    span_ms = HOUR_MS

    def __init__(self, asset: str, seed: int, now_ms: int, history: int = HISTORY_BARS) -> None:
        self.first_slot = now_ms // HOUR_MS - history
        self._bars: list[Bar] = []
        self._random = Random(f"{seed}:{asset}")
        self._close = START_PRICES.get(asset, 100) * ONE

    def bar(self, slot: int) -> Bar | None:
        if slot < self.first_slot:
            return None
        while len(self._bars) <= slot - self.first_slot:
            self._bars.append(self._next())
        return self._bars[slot - self.first_slot]

    def _next(self) -> Bar:
        start = self._close
        drift = self._random.gauss(0.0, 0.006)
        self._close = max(ONE, int(start * (1.0 + max(-0.2, min(0.2, drift)))))
        low = int(min(start, self._close) * (1.0 - abs(self._random.gauss(0.0, 0.002))))
        high = int(max(start, self._close) * (1.0 + abs(self._random.gauss(0.0, 0.002))))
        volume = int(self._random.lognormvariate(0.0, 0.5) * 60_000_000 * ONE) * ONE // start
        at = (self.first_slot + len(self._bars)) * HOUR_MS
        return Bar(at, start, high, max(1, low), self._close, volume)


class RecordedFeed:
    """Recorded bars moved in time: the last ``history`` of them end now, the rest are played as time goes on."""

    def __init__(self, bars: list[Bar], span_ms: int, now_ms: int, history: int) -> None:
        if not 0 < history < len(bars):
            raise ValueError("a recording needs bars before and after the start")
        self.span_ms = span_ms
        self.first_slot = now_ms // span_ms - history
        self._bars = bars

    def bar(self, slot: int) -> Bar | None:
        index = slot - self.first_slot
        if not 0 <= index < len(self._bars):
            return None
        bar = self._bars[index]
        return Bar(slot * self.span_ms, bar.open, bar.high, bar.low, bar.close, bar.volume)
