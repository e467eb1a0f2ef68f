"""A provider that keeps failing is left alone for a while, so that no round waits for it."""

from collections.abc import Callable
from time import monotonic

THRESHOLD = 3
REST_S = 60.0


class Breaker:
    """Opens after three faults in a row, or until the time a provider asked for; one call then tries again."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._faults = 0
        self._until = 0.0

    @property
    def open_for_s(self) -> float:
        """Seconds until a call may be tried; 0 when it may."""
        return max(0.0, self._until - self._now())

    def good(self) -> None:
        self._faults, self._until = 0, 0.0

    def bad(self, wait_s: float | None) -> None:
        """Count a fault; ``wait_s`` is what the provider asked for."""
        self._faults += 1
        rest = REST_S if self._faults >= THRESHOLD else 0.0
        self._until = max(self._until, self._now() + max(rest, wait_s or 0.0))
