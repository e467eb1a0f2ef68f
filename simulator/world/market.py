"""The market: a seeded price that trends and turns, and candles that are sometimes late, missing, doubled or absurd."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from db.candles import CandleReader, FundingSeries, Series
from openoutcry.market.candles import Candles, FundingRates
from simulator.engine.clocks import BORN
from simulator.exchange.book import UNIT, Row

BAR_MS = 60_000
PAST, FUTURE = 300, 30
SYMBOL, EXCHANGE, TIMEFRAME = "BTC/USDT", "simulated", "1m"
FIRST_MS = int(BORN.timestamp() * 1000) - PAST * BAR_MS


def walk(seed: int) -> Candles:
    """``PAST`` bars before the run and ``FUTURE`` from its beginning, prices to the cent."""
    random = np.random.default_rng(seed)
    count = PAST + FUTURE
    drift = np.repeat(random.choice((-0.0012, 0.0, 0.0012, 0.002)), count)
    turn = int(random.integers(PAST, count))
    drift[turn:] = -3 * drift[turn - 1]
    closes = 40_000 * np.exp(np.cumsum(drift * 0.5 + random.normal(0, 0.0012, count)))
    opens = np.concatenate(([40_000.0], closes[:-1]))
    reach = np.abs(random.normal(0, 0.0008, (2, count)))
    highs = np.maximum(opens, closes) * (1 + reach[0])
    lows = np.minimum(opens, closes) * (1 - reach[1])
    prices = [np.round(column, 2) for column in (opens, highs, lows, closes)]
    stamps = FIRST_MS + BAR_MS * np.arange(count, dtype=np.int64)
    first, high, low, last = prices
    return Candles.of(stamps, first, high, low, last, np.round(random.uniform(5, 60, count), 5))


def integers(bars: Candles) -> list[Row]:
    """The same bars as an exchange counts them."""
    prices = [
        (np.rint(column * 100).astype(np.int64) * (UNIT // 100)).tolist() for column in bars.arrays()[1:5]
    ]
    return list(zip(bars.timestamp.tolist(), *prices, strict=True))


@dataclass
class SimulatedReader(CandleReader):
    """What servers read candles from. ``broken`` has the fault of the series until a time."""

    bars: Candles
    broken: tuple[str, datetime, datetime] | None = None

    def __init__(self, home: Any, bars: Candles) -> None:
        super().__init__(home)
        self.bars, self.broken, self._reached = bars, None, BORN

    def window(self, series: Series, as_of: datetime, limit: int) -> Candles:
        """The last bars closed at ``as_of``, with whatever is wrong with them now."""
        if series.symbol != SYMBOL:
            return Candles.empty()
        self._reached = max(self._reached, as_of)
        end = (int(as_of.timestamp() * 1000) - FIRST_MS) // BAR_MS
        end = max(0, min(end, len(self.bars)))
        found = self.bars[max(0, end - limit) : end]
        if self.broken is not None and self.broken[1] < as_of <= self.broken[2] and len(found) > 20:
            return SPOILED[self.broken[0]](found)
        return found

    def funding(self, series: FundingSeries, as_of: datetime, limit: int = 1) -> FundingRates:
        """None is known."""
        return FundingRates.of([], [])

    def spoil(self, kind: str) -> None:
        """The series is bad for the next bar or two; what was looked at before stays as it was, as in a recording."""
        self.broken = (kind, self._reached, self._reached + timedelta(milliseconds=2 * BAR_MS))


def _without(bars: Candles, rows: slice) -> Candles:
    keep = np.ones(len(bars), dtype=bool)
    keep[rows] = False
    return Candles.of(*[column[keep] for column in bars.arrays()])


def _doubled(bars: Candles) -> Candles:
    return Candles.of(
        *[np.concatenate((column[:-1], column[-2:-1], column[-1:])) for column in bars.arrays()]
    )


def _spiked(bars: Candles) -> Candles:
    columns = [column.copy() for column in bars.arrays()]
    for column in columns[1:5]:
        column[-1] *= 10
    return Candles.of(*columns)


def _nothing(bars: Candles) -> Candles:
    columns = [column.copy() for column in bars.arrays()]
    columns[4][-1] = np.nan
    return Candles.of(*columns)


SPOILED: Mapping[str, Callable[[Candles], Candles]] = {
    "candles_stale": lambda bars: bars[:-3],
    "candles_gap": lambda bars: _without(bars, slice(-6, -3)),
    "candles_twice": _doubled,
    "candles_spike": _spiked,
    "candles_nan": _nothing,
}
