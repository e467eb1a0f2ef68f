"""Counts of what this process answered, for ``/metrics``."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

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

    def counted(self) -> "Counted":
        """What there is so far, to be compared with later."""
        errors = sum(count for status, count in self.by_status.items() if status >= 500)
        return Counted(tuple(self.buckets), errors)


@dataclass(frozen=True, slots=True)
class Counted:
    """Answers by bucket of their latency, and those of 500 and above."""

    buckets: Sequence[int]
    errors: int

    def since(self, before: "Counted") -> "Counted":
        """What came in between."""
        pairs = zip(self.buckets, before.buckets, strict=True)
        return Counted(tuple(now - then for now, then in pairs), self.errors - before.errors)

    @property
    def error_rate(self) -> float | None:
        """Errors over all; None without an answer."""
        total = sum(self.buckets)
        return self.errors / total if total else None

    def quantile_s(self, share: float) -> float | None:
        """The latency that ``share`` of the answers stayed under, evenly spread within a bucket; the last bound for what is
        beyond it.
        """
        rank, below = share * sum(self.buckets), 0
        for number, count in enumerate(self.buckets):
            if count and below + count >= rank:
                if number == len(BOUNDS_S):
                    break
                start = BOUNDS_S[number - 1] if number else 0.0
                return start + (BOUNDS_S[number] - start) * (rank - below) / count
            below += count
        return BOUNDS_S[-1] if below or self.buckets[-1] else None
