"""Stretches of time a series has or lacks: half-open, in UTC milliseconds, ascending and apart from each other."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Stamps


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The times ``start <= t < end``."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Milliseconds in it."""
        return self.end - self.start


def spans_of(stamps: Stamps, step_ms: int, slack_ms: int = 0) -> list[Span]:
    """What ascending rows cover: each row ``step_ms``, rows no more than step and slack apart one stretch.

    With slack (rows that come at most every step: funding) the last row of a stretch covers only its own instant.
    """
    if not len(stamps):
        return []
    breaks = np.flatnonzero(np.diff(stamps) > step_ms + slack_ms)
    starts = stamps[np.concatenate([[0], breaks + 1])]
    ends = stamps[np.concatenate([breaks, [len(stamps) - 1]])] + (1 if slack_ms else step_ms)
    return [Span(int(lo), int(hi)) for lo, hi in zip(starts, ends, strict=True)]


def union(spans: Iterable[Span]) -> list[Span]:
    """The same times, with stretches that touch or overlap made one."""
    out: list[Span] = []
    for span in sorted(spans):
        if span.length <= 0:
            continue
        if out and span.start <= out[-1].end:
            out[-1] = Span(out[-1].start, max(out[-1].end, span.end))
        else:
            out.append(span)
    return out


def minus(whole: Iterable[Span], taken: Iterable[Span]) -> list[Span]:
    """Times of ``whole`` that are in none of ``taken``."""
    out: list[Span] = []
    gone = union(taken)
    for span in union(whole):
        at = span.start
        for hole in gone[_first_after(gone, span.start) :]:
            if hole.start >= span.end:
                break
            if hole.start > at:
                out.append(Span(at, hole.start))
            at = max(at, hole.end)
        if at < span.end:
            out.append(Span(at, span.end))
    return out


def within(spans: Iterable[Span], bounds: Span) -> list[Span]:
    """The part of each inside ``bounds``."""
    cut = (Span(max(span.start, bounds.start), min(span.end, bounds.end)) for span in spans)
    return [span for span in cut if span.length > 0]


def total(spans: Iterable[Span]) -> int:
    """Milliseconds in all of them."""
    return sum(span.length for span in spans)


def _first_after(spans: Sequence[Span], at: int) -> int:
    """Index of the first of ascending spans that ends after ``at``."""
    low, high = 0, len(spans)
    while low < high:
        middle = (low + high) // 2
        if spans[middle].end <= at:
            low = middle + 1
        else:
            high = middle
    return low
