"""An exchange in memory, with the habits of real ones: how it takes a time, how much it gives, and how it fails."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from db.candles import Series
from openoutcry.market.candles import Candles
from openoutcry.market.pages import Page, candle_page
from openoutcry.types.timeframes import millis
from tests.db.candles.series_of_bars import BTC_1H, START

Habit = Literal["next", "window", "newest"]
"""``next``: the next bars that exist (Binance). ``window``: what exists in the next so many bar lengths (OKX, Coinbase).
``newest``: the newest it has, of those asked for (Kraken)."""
DAY = 86_400_000


@dataclass
class FakeExchange:
    """A ``Feed`` over ``bars``. ``spoil`` may change the rows of an answer; it gets the number of the question."""

    bars: Candles
    habit: Habit = "next"
    gives: int = 100
    says: int = 100
    takes_until: bool = True
    has_days: bool = True
    now_ms: int = 1 << 50
    series: Series = BTC_1H
    spoil: Callable[[int, list[Any]], Any] = lambda number, rows: rows
    asked: list[tuple[int, int | None]] = field(default_factory=list)

    @property
    def step_ms(self) -> int:
        return self.series.bar_ms

    grain_ms = step_ms

    @property
    def page_rows(self) -> int:
        return self.says

    async def ask(self, since_ms: int, until_ms: int | None, rows: int) -> Page[Candles]:
        self.asked.append((since_ms, until_ms))
        answer = self.spoil(len(self.asked), self._rows(since_ms, until_ms, min(rows, self.gives)))
        return candle_page(answer, self.step_ms, self.now_ms)

    async def next_day(self, after_ms: int, before_ms: int) -> int | None:
        self.asked.append((after_ms, before_ms))
        if not self.has_days:
            return after_ms
        days = [int(at) - int(at) % DAY for at in self.bars.timestamp]
        later = [day for day in days if day + DAY > after_ms]
        return max(min(later), after_ms) if later else None

    def _rows(self, since: int, until: int | None, count: int) -> list[Any]:
        stamps = self.bars.timestamp
        if self.habit == "window":
            until = min(until or since + count * self.step_ms - 1, since + count * self.step_ms - 1)
        lo = int(stamps.searchsorted(since))
        hi = len(stamps) if until is None else int(stamps.searchsorted(until, "right"))
        cut = slice(max(lo, hi - count), hi) if self.habit == "newest" else slice(lo, min(lo + count, hi))
        return rows_of(self.bars[cut])


def rows_of(bars: Candles) -> list[list[Any]]:
    """Rows as ccxt gives them."""
    return [list(row) for row in zip(*(column.tolist() for column in bars.arrays()), strict=True)]


def at(bar: int) -> int:
    """Open time of bar number ``bar`` of a walk, in milliseconds."""
    return millis(START) + bar * BTC_1H.bar_ms


def seen(asked: Sequence[tuple[int, int | None]]) -> list[int]:
    """The bar numbers that were asked from."""
    return [(since - at(0)) // BTC_1H.bar_ms for since, _ in asked]
