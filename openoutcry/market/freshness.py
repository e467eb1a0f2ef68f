"""How old a series is: from the close of its newest bar."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

STALE_HOURS = 24.0


@dataclass(frozen=True, slots=True)
class Freshness:
    """``last_update`` is the close of the newest bar, None of what is not stored; that is always stale."""

    last_update: datetime | None
    hours_old: float | None
    is_stale: bool

    def body(self) -> dict[str, Any]:
        """The documented answer."""
        at = None if self.last_update is None else f"{self.last_update:%Y-%m-%dT%H:%M:%SZ}"
        return {"last_update": at, "hours_old": self.hours_old, "is_stale": self.is_stale}


def freshness(closed: datetime | None, now: datetime, threshold_hours: float) -> Freshness:
    """Of a series whose newest bar closed then: stale when that is more than the threshold ago."""
    if closed is None:
        return Freshness(None, None, True)
    hours = (now - closed).total_seconds() / 3600
    return Freshness(closed, round(hours, 2), hours > threshold_hours)
