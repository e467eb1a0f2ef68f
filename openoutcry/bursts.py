"""Hours in which far more happened than usual: counts against their own median and spread (Iglewicz and Hoaglin 1993)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from statistics import median

LEAST = 5
"""Fewer than this many at once are no burst, however quiet it is otherwise."""
BAR = 6.0
TO_SIGMA = 1.4826


@dataclass(frozen=True, slots=True)
class Burst:
    """An hour of one kind of event. ``usual`` is the median of all hours looked at, ``score`` the distance from it in robust
    deviations, counted as at least one event wide.
    """

    kind: str
    hour: datetime
    count: int
    usual: float
    score: float


def bursts(counts: Mapping[str, Mapping[datetime, int]], hours: int) -> list[Burst]:
    """By kind the hours in which something happened, out of ``hours``: the others count as zero. Strongest first."""
    found: list[Burst] = []
    for kind, line in counts.items():
        every = [*line.values(), *([0] * max(0, hours - len(line)))]
        usual = median(every)
        spread = max(1.0, TO_SIGMA * median(abs(value - usual) for value in every))
        for hour, count in line.items():
            score = (count - usual) / spread
            if count >= LEAST and score > BAR:
                found.append(Burst(kind, hour, count, usual, score))
    return sorted(found, key=lambda one: (-one.score, one.kind, one.hour))
