"""Binance's rate limits: request weight by address, orders by account; ignoring 429 leads to a ban (418)."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from sandbox.refusal import Refusal

MINUTE_MS = 60_000
TEN_SECONDS_MS = 10_000
WEIGHT = {"spot": 6_000, "perp": 2_400}
ORDERS_10S = {"spot": 100, "perp": 300}
STRIKES = 10
BAN_MS = 120_000
REMEMBERED = 10_000


class Limited(Refusal):
    """429 or 418, with the whole seconds until it is worth asking again."""

    def __init__(self, status: int, retry_after: int, message: str, code: int = -1003) -> None:
        super().__init__(code, message, status)
        self.retry_after = retry_after


@dataclass
class Budget:
    """What one address, or one account, has used in the window that runs."""

    window: int = -1
    used: int = 0
    strikes: int = 0

    def spend(self, window: int, amount: int) -> int:
        if window != self.window:
            self.window, self.used, self.strikes = window, 0, 0
        self.used += amount
        return self.used


@dataclass
class Limits:
    """``weight`` and ``orders`` may be changed by the control API to make a limit easy to reach."""

    weight: dict[str, int] = field(default_factory=lambda: dict(WEIGHT))
    orders: dict[str, int] = field(default_factory=lambda: dict(ORDERS_10S))
    banned_until: dict[str, int] = field(default_factory=dict)
    banned_at: dict[str, int] = field(default_factory=dict)
    in_bans_ms: deque[int] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    """How long after a ban began each request of that address came; the first may have left before the ban was told."""
    during_ban: int = 0
    _weights: dict[tuple[str, str], Budget] = field(default_factory=lambda: defaultdict(Budget))
    _orders: dict[tuple[str, str], Budget] = field(default_factory=lambda: defaultdict(Budget))

    def ban(self, address: str, until_ms: int, now: int) -> None:
        self.banned_at[address], self.banned_until[address] = now, until_ms

    def spend(self, address: str, venue: str, weight: int, now: int) -> int:
        """Use weight; returns what is used in this minute. Raises 418 during a ban and 429 past the limit."""
        until = self.banned_until.get(address, 0)
        if now < until:
            self.during_ban += 1
            self.in_bans_ms.append(now - self.banned_at[address])
            raise Limited(
                418, -(-(until - now) // 1000), f"Way too much request weight used; IP banned until {until}."
            )
        budget = self._weights[address, venue]
        used = budget.spend(now // MINUTE_MS, weight)
        if used > self.weight[venue]:
            budget.strikes += 1
            wait = -(-(MINUTE_MS - now % MINUTE_MS) // 1000)
            if budget.strikes > STRIKES:
                self.ban(address, now + BAN_MS, now)
            raise Limited(
                429,
                wait,
                f"Too much request weight used; current limit is {self.weight[venue]} request weight per 1 MINUTE.",
            )
        return used

    def ordered(self, account: str, venue: str, now: int) -> int:
        """How many new orders of an account counted in these ten seconds."""
        budget = self._orders[account, venue]
        return budget.used if budget.window == now // TEN_SECONDS_MS else 0

    def order(self, account: str, venue: str, count: int, now: int) -> int:
        """Count new orders; returns how many in these ten seconds. Raises -1015."""
        used = self._orders[account, venue].spend(now // TEN_SECONDS_MS, count)
        if used > self.orders[venue]:
            raise Limited(
                429,
                -(-(TEN_SECONDS_MS - now % TEN_SECONDS_MS) // 1000),
                f"Too many new orders; current limit is {self.orders[venue]} orders per 10 SECOND.",
                code=-1015,
            )
        return used
