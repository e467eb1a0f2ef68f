"""When a position without a stop gets one, and when it is closed instead: a clock of attempts, as a pure step.

      seen ── GRACE ── stop ── stop again ── stop again ── out at market ── PAUSE ── …
        └─────────────── never later than OUT_S ───────────────┘

A round protects what it filled within fractions of a second, so the first look waits a moment. Nothing is cancelled to be
placed anew, and after the burst one attempt is made every PAUSE_S: a venue that refuses everything is not stormed.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

GRACE_S = 0.6
RETRIES = 2
OUT_S = 2.6
PAUSE_S = 4.0
HOPELESS = ("immediately", "lot_size", "notional")
"""Words of a refusal that the same stop would meet again: beyond its price already, or too small to wait beside the book."""
Act = Literal["wait", "stop", "exit"]


@dataclass(frozen=True, slots=True)
class Naked:
    """A bare stretch: since when (monotonic seconds), how many stops and exits were tried, when the last one was."""

    since: float
    quantity: Decimal
    stops: int = 0
    exits: int = 0
    last: float = 0.0
    hopeless: bool = False
    """The venue said something against the stop that it will say again."""

    def tried(self, act: Act, now: float, error: str | None) -> "Naked":
        """After an attempt; ``error`` is what the venue said against it."""
        beyond = self.hopeless or any(word in (error or "").lower() for word in HOPELESS)
        if act == "exit":
            return replace(self, exits=self.exits + 1, last=now, hopeless=beyond)
        return replace(self, stops=self.stops + 1, last=now, hopeless=beyond)


def bare_since(before: Naked | None, quantity: Decimal, now: float) -> Naked:
    """The bare stretch that goes on, or begins; one whose size changed keeps its tries and its pace."""
    if before is None:
        return Naked(now, quantity)
    if before.quantity == quantity:
        return before
    return replace(before, quantity=quantity)


def next_act(naked: Naked, now: float) -> Act:
    """What to do about a bare stretch now."""
    if now - naked.since < GRACE_S:
        return "wait"
    if naked.exits and now - naked.last < PAUSE_S:
        return "wait"
    if naked.hopeless or naked.stops > RETRIES or (naked.stops and now - naked.since >= OUT_S):
        return "exit"
    return "stop"
