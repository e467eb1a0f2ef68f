"""Rate limits: one token bucket per API key, and one per address for everyone who has none."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from time import monotonic

MAX_BUCKETS = 10_000


@dataclass(frozen=True)
class Rate:
    """``per_s`` requests a second in the long run, ``burst`` at once."""

    per_s: float
    burst: int


@dataclass(frozen=True)
class Ruling:
    """Whether a request may pass, and what its rate-limit headers say."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``X-RateLimit-Limit`` is the bucket's size, ``-Reset`` the seconds until it is full again."""
        pairs = [
            (b"x-ratelimit-limit", self.limit),
            (b"x-ratelimit-remaining", self.remaining),
            (b"x-ratelimit-reset", self.reset_s),
        ]
        if not self.allowed:
            pairs.append((b"retry-after", self.retry_after_s))
        return [(name, str(value).encode()) for name, value in pairs]


class Throttle:
    """Buckets by name, the least recently used forgotten first: a forgotten bucket is a full one."""

    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str, cost: float = 1.0) -> Ruling:
        """Take ``cost`` tokens from ``name``'s bucket if they are there; 0 only looks."""
        now = monotonic()
        level, at = self._buckets.get(name, (float(self._rate.burst), now))
        level = min(float(self._rate.burst), level + (now - at) * self._rate.per_s)
        allowed = level >= cost
        if allowed:
            level -= cost
        self._buckets[name] = (level, now)
        self._buckets.move_to_end(name)
        if len(self._buckets) > MAX_BUCKETS:
            self._buckets.popitem(last=False)
        return Ruling(
            allowed=allowed,
            limit=self._rate.burst,
            remaining=int(level),
            reset_s=math.ceil((self._rate.burst - level) / self._rate.per_s),
            retry_after_s=max(1, math.ceil((cost - level) / self._rate.per_s)),
        )
