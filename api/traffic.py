"""Counts of what this process answered, for ``/metrics``."""

from bisect import bisect_left
from collections import Counter

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Traffic:
    """Answers by status and a histogram of their latency in seconds."""

    def __init__(self) -> None:
        self.by_status: Counter[int] = Counter()
        self.buckets = [0] * (len(BOUNDS_S) + 1)
        self.seconds = 0.0

    def count(self, status: int, seconds: float) -> None:
        """One answer has begun to leave."""
        self.by_status[status] += 1
        self.buckets[bisect_left(BOUNDS_S, seconds)] += 1
        self.seconds += seconds
