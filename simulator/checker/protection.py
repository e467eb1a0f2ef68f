"""I7 between rounds: what is held has a stop or is gone within seconds, and nobody storms the exchange for it."""

import re
from collections import deque
from typing import Any

from simulator.checker.verdict import must

STEP = 1000
NAKED_S = 5.0
MINUTE_S = 60.0
MOST_TRIES = 24
"""In a minute: a burst of four, then one every 4 s, and the same again for an amount that changed."""
OWN = re.compile(r"(stop_loss|take_profit|guard_exit)-[0-9]+", re.ASCII)
Row = dict[str, Any]


class Protection:
    """Counts at the exchange what is held and what stops cover."""

    def __init__(self) -> None:
        self.naked_since: float | None = None
        self._base = 0
        self._stops: dict[int, int] = {}
        self._tries: deque[float] = deque()

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something happened at the exchange."""
        if kind == "venue_accepted" and facts["side"] == "SELL" and facts["type"].startswith("STOP"):
            self._stops[facts["number"]] = facts["quantity"]
        elif kind == "venue_trade":
            self._base += facts["quantity"] if facts["side"] == "BUY" else -facts["quantity"]
            if facts["order"] in self._stops:
                self._stops[facts["order"]] -= facts["quantity"]
        elif kind == "venue_ended":
            self._stops.pop(facts["number"], None)
        else:
            return
        if self._base - sum(self._stops.values()) < STEP:
            self.naked_since = None
        elif self.naked_since is None:
            self.naked_since = at

    def row(self, at: float, table: str, before: Row | None, after: Row | None) -> None:
        """An order of the execution server's own was intended."""
        if table != "orders" or before is not None or after is None or not OWN.fullmatch(after["leg"]):
            return
        self._tries.append(at)
        while self._tries[0] < at - MINUTE_S:
            self._tries.popleft()
        must(
            len(self._tries) <= MOST_TRIES,
            "I7",
            f"{after['client_order_id']}: {len(self._tries)} orders to protect in a minute",
        )

    def second(self, at: float, calm_since: float) -> None:
        """Nothing has gone wrong since then: what is held has its stop."""
        if self.naked_since is not None:
            since = max(self.naked_since, calm_since)
            must(
                at - since <= NAKED_S, "I7", f"{self._base} units held without a stop for {at - since:.1f} s"
            )
