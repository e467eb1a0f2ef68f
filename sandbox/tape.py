"""The tape of one market: the price now, the bars as they were traded, and those of before the exchange opened."""

from collections import deque
from dataclasses import dataclass

from sandbox.feeds import Feed
from sandbox.path import Bar, joined, part, price_at

MINUTE_MS = 60_000
INTERVALS = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440, "3d": 4320, "1w": 10080,
}  # fmt: skip
WEEK_SHIFT_MS = 4 * 86_400_000
KEPT_TRADES = 10_000
AVERAGE_MINUTES = 5


@dataclass(frozen=True)
class Print:
    """One public trade. ``buyer_maker``: the seller was the taker."""

    id: int
    price: int
    quantity: int
    quote: int
    time_ms: int
    buyer_maker: bool


class Tape:
    """Prices are the feed's line rounded down to the tick, or the price that the control API holds."""

    def __init__(self, feed: Feed, tick: int, opened_ms: int) -> None:
        self.feed = feed
        self.tick = tick
        self.held: int | None = None
        self.prints: deque[Print] = deque(maxlen=KEPT_TRADES)
        self.count = 0
        self._opened = opened_ms - opened_ms % MINUTE_MS
        self._minutes: dict[int, Bar] = {}

    def price(self, now_ms: int) -> int | None:
        """The market's price, or None when the recording is over."""
        if self.held is not None:
            return self.held
        bar = self.feed.bar(now_ms // self.feed.span_ms)
        if bar is None:
            return None
        return self._ticked(price_at(bar, self.feed.span_ms, now_ms - bar.start_ms))

    def note(self, price: int, quantity: int, now_ms: int, buyer_maker: bool) -> Print:
        """Print one trade and draw it into its minute."""
        self.count += 1
        trade = Print(self.count, price, quantity, price * quantity // 10**8, now_ms, buyer_maker)
        self.prints.append(trade)
        start = now_ms - now_ms % MINUTE_MS
        seen = self._minutes.get(start)
        if seen is None:
            self._minutes[start] = Bar(start, price, price, price, price, quantity)
        else:
            high, low = max(seen.high, price), min(seen.low, price)
            self._minutes[start] = Bar(start, seen.open, high, low, price, seen.volume + quantity)
        return trade

    def bars(
        self, interval: str, start_ms: int | None, end_ms: int | None, limit: int, now_ms: int
    ) -> list[Bar]:
        """At most ``limit`` bars that open within [start, end], the last of them still open; the latest ones without a start."""
        span = INTERVALS[interval] * MINUTE_MS
        shift = WEEK_SHIFT_MS if interval == "1w" else 0
        last = aligned(min(now_ms, now_ms if end_ms is None else end_ms), span, shift)
        first = last - (limit - 1) * span if start_ms is None else aligned(start_ms + span - 1, span, shift)
        first = max(first, aligned(self.feed.first_slot * self.feed.span_ms + span - 1, span, shift))
        found = []
        for at in range(first, min(last, first + (limit - 1) * span) + 1, span):
            bar = self._bar(at, span, now_ms)
            if bar is not None:
                found.append(bar)
        return found

    def average(self, now_ms: int) -> int:
        """The mean price of the last five minutes, weighted by volume; 0 when nothing was traded."""
        bars = self.bars("1m", None, None, AVERAGE_MINUTES, now_ms)
        volume = sum(bar.volume for bar in bars)
        return sum(bar.close * bar.volume for bar in bars) // volume if volume else 0

    def _bar(self, start: int, span: int, now_ms: int) -> Bar | None:
        pieces: list[Bar] = []
        at, base = start, self.feed.span_ms
        end = min(start + span, now_ms - now_ms % MINUTE_MS + MINUTE_MS)
        while at < end:
            whole = at % base == 0 and at + base <= min(end, self._opened)
            length = base if whole else MINUTE_MS
            bar = self.feed.bar(at // base) if whole else self._minute(at)
            if bar is not None:
                pieces.append(bar)
            at += length
        if not pieces:
            return None
        bar = joined(pieces)
        low, high = self._ticked(bar.low), self._ticked(bar.high)
        return Bar(start, self._ticked(bar.open), high, low, self._ticked(bar.close), bar.volume)

    def _minute(self, at: int) -> Bar | None:
        if at >= self._opened:
            return self._minutes.get(at)
        bar = self.feed.bar(at // self.feed.span_ms)
        return None if bar is None else part(bar, self.feed.span_ms, at, MINUTE_MS)

    def _ticked(self, price: int) -> int:
        return max(self.tick, price - price % self.tick)


def aligned(at_ms: int, span: int, shift: int) -> int:
    """The start of the interval that ``at_ms`` falls into. Weeks start on Mondays."""
    return at_ms - (at_ms - shift) % span
