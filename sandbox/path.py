"""The price between the bars that are known: a line through open, the two extremes and close, exact in ticks."""

import itertools
from dataclasses import dataclass


@dataclass(frozen=True)
class Bar:
    """Prices and volume in units (see units.py); ``start_ms`` is the open time."""

    start_ms: int
    open: int
    high: int
    low: int
    close: int
    volume: int


def corners(bar: Bar, span_ms: int) -> tuple[tuple[int, int], ...]:
    """(milliseconds, price) of the line's corners. A bar that rose visits its low first, one that fell its high."""
    first, second = (bar.low, bar.high) if bar.close >= bar.open else (bar.high, bar.low)
    return ((0, bar.open), (span_ms * 3 // 10, first), (span_ms * 7 // 10, second), (span_ms, bar.close))


def price_at(bar: Bar, span_ms: int, elapsed_ms: int) -> int:
    """The line's price ``elapsed_ms`` after the open, in units."""
    line = corners(bar, span_ms)
    for (at, price), (next_at, next_price) in itertools.pairwise(line):
        if elapsed_ms <= next_at:
            return price + (next_price - price) * (elapsed_ms - at) // (next_at - at)
    return bar.close


def part(bar: Bar, span_ms: int, start_ms: int, length_ms: int) -> Bar:
    """The bar of ``length_ms`` that the line draws from ``start_ms`` (since 1970) on, inside ``bar``."""
    since = start_ms - bar.start_ms
    until = since + length_ms
    inside = [price for at, price in corners(bar, span_ms) if since < at < until]
    first, last = price_at(bar, span_ms, since), price_at(bar, span_ms, until)
    prices = (first, *inside, last)
    return Bar(start_ms, first, max(prices), min(prices), last, bar.volume * length_ms // span_ms)


def joined(bars: list[Bar]) -> Bar:
    """One bar of several that follow each other."""
    return Bar(
        bars[0].start_ms,
        bars[0].open,
        max(bar.high for bar in bars),
        min(bar.low for bar in bars),
        bars[-1].close,
        sum(bar.volume for bar in bars),
    )
