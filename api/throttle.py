"""Rate limits: one token bucket per API key or person, and one per address for everyone who has neither.

All API processes share them through the database. A process takes tokens by the handful, so that one request in many
costs a query; while the database is away each process counts for itself.
"""

import math
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

import structlog

from api.failures import DATABASE_ERRORS
from db.haste import Share

log = structlog.get_logger()
MAX_BUCKETS = 10_000
HANDFULS = 8
"""A process takes an eighth of a bucket at a time."""


@dataclass(frozen=True)
class Rate:
    """``per_s`` requests a second in the long run, ``burst`` at once."""

    per_s: float
    burst: int


class Ruling(NamedTuple):
    """Whether a request may pass, and what its rate-limit headers say."""

    allowed: bool
    limit: int
    remaining: int
    reset_s: int
    retry_after_s: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """``X-RateLimit-Limit`` is the bucket's size, ``-Reset`` the seconds until it is full again."""
        pairs = [
            (b"x-ratelimit-limit", b"%d" % self.limit),
            (b"x-ratelimit-remaining", b"%d" % self.remaining),
            (b"x-ratelimit-reset", b"%d" % self.reset_s),
        ]
        if not self.allowed:
            pairs.append((b"retry-after", b"%d" % self.retry_after_s))
        return pairs


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


@dataclass(slots=True)
class _Purse:
    """What this process has been given of one bucket, what was left for all then, and when to ask again."""

    tokens: float = 0.0
    level: float = 0.0
    ask_at: float = 0.0


class SharedThrottle:
    """The same buckets for all processes. ``share(name, tokens)`` gives up to that many tokens of the common bucket."""

    def __init__(self, rate: Rate, share: Callable[[str, float], Awaitable[Share]]) -> None:
        self._rate = rate
        self._share = share
        self._alone = Throttle(rate)
        self._purses: OrderedDict[str, _Purse] = OrderedDict()

    async def take(self, name: str, cost: float = 1.0) -> Ruling:
        """Take ``cost`` tokens (at most a handful) from ``name``'s bucket if they are there; 0 only looks."""
        purse = self._purses.get(name)
        if purse is None:
            purse = self._purses[name] = _Purse(level=float(self._rate.burst))
            if len(self._purses) > MAX_BUCKETS:
                self._purses.popitem(last=False)
        self._purses.move_to_end(name)
        if purse.tokens < cost and monotonic() >= purse.ask_at:
            try:
                given = await self._share(name, max(1.0, float(self._rate.burst // HANDFULS)))
            except DATABASE_ERRORS as error:
                log.warning("rate_limit_not_shared", error=repr(error))
                return self._alone.take(name, cost)
            purse.tokens += given.taken
            purse.level = given.level
        return self._rule(purse, cost)

    def _rule(self, purse: _Purse, cost: float) -> Ruling:
        allowed = purse.tokens >= cost
        if allowed:
            purse.tokens -= cost
        left = purse.tokens + max(purse.level, 0.0)
        wait_s = max(0.0, (cost - left) / self._rate.per_s)
        if not allowed:
            purse.ask_at = monotonic() + wait_s
        return Ruling(
            allowed=allowed,
            limit=self._rate.burst,
            remaining=int(left),
            reset_s=math.ceil(max(0.0, self._rate.burst - left) / self._rate.per_s),
            retry_after_s=max(1, math.ceil(wait_s)),
        )
