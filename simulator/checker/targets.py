"""I7 at the exchange: a target that was lost, between rounds too, comes back."""

from typing import Any

from simulator.checker.verdict import must

LOST_S = 20.0
"""A round looks after targets, and whoever protects between rounds does 10 s after one was lost."""
SETTLED_S = 40.0
"""So long after the faults what they left undone is done."""


class Targets:
    """Whether a position of the floor's own has a target at the exchange."""

    def __init__(self) -> None:
        self._working: dict[int, int] = {}
        self._wanted = False
        self._lost_at: float | None = None

    def hear(self, at: float, kind: str, facts: dict[str, Any]) -> None:
        """Something happened at the exchange."""
        if kind == "venue_accepted" and facts["type"].startswith("TAKE_PROFIT"):
            self._working[facts["number"]] = facts["quantity"]
        elif kind == "venue_trade" and facts["side"] == "SELL":
            self._wanted = False  # whose coins these were, the next record says
            left = self._working.get(facts["order"], 0) - facts["quantity"]
            if left <= 0:
                self._working.pop(facts["order"], None)
            else:
                self._working[facts["order"]] = left
        elif kind == "venue_ended":
            self._working.pop(facts["number"], None)
        self._look(at)

    def record(self, at: float, body: dict[str, Any]) -> None:
        """A committed record: what is held as it tells it."""
        self._wanted = any(p["role"] == "trade" for p in body["portfolio_after"]["positions"])
        self._look(at)

    def second(self, at: float, calm_at: float) -> None:
        """The faults stopped then."""
        if self._lost_at is not None:
            until = max(self._lost_at + LOST_S, calm_at + SETTLED_S)
            must(at <= until, "I7", f"a position without its target since {self._lost_at:.1f} s")

    def _look(self, at: float) -> None:
        if self._working or not self._wanted:
            self._lost_at = None
        elif self._lost_at is None:
            self._lost_at = at
