"""What a session sent before, as the gate counts it: so many orders a minute and a day, the same one again and again.

It is carried from record to record (``told``, ``heard``), so that counts survive restarts and replay with their round.
Time is market time, as everywhere in a round.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from openoutcry.orders import stem
from openoutcry.types.amounts import plain
from openoutcry.types.orders import OrderRequest

MINUTE_S = 60
MOST = 1000
"""Of so many orders the single ones are remembered, the newest."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """Orders sent, of ``day`` in all, and lately one by one: when, and its signal."""

    day: date | None = None
    today: int = 0
    recent: tuple[tuple[datetime, str], ...] = ()

    def at(self, now: datetime, keep_s: float) -> "Traffic":
        """As it counts at ``now``: an earlier day's and what is older than ``keep_s`` seconds no longer does."""
        since = now - timedelta(seconds=keep_s)
        recent = tuple(sent for sent in self.recent if sent[0] > since)[-MOST:]
        return Traffic(now.date(), self.today if self.day == now.date() else 0, recent)

    def plus(self, request: OrderRequest, now: datetime) -> "Traffic":
        """With one more order sent."""
        return replace(
            self, day=now.date(), today=self.today + 1, recent=(*self.recent, (now, signal(request)))
        )

    def last_minute(self, now: datetime) -> int:
        """Orders sent in the minute before ``now``."""
        since = now - timedelta(seconds=MINUTE_S)
        return sum(at > since for at, _ in self.recent)

    def repeats(self, request: OrderRequest, now: datetime, window_s: float) -> int:
        """How often the same signal was sent within the window before ``now``."""
        since, wanted = now - timedelta(seconds=window_s), signal(request)
        return sum(at > since and was == wanted for at, was in self.recent)


QUIET = Traffic()


def signal(request: OrderRequest) -> str:
    """What makes two orders the same wish, whatever their size and number."""
    prices = [plain(price) for price in (request.price, request.stop_price) if price is not None]
    return " ".join([stem(request.leg), request.symbol, request.side, request.type, *prices])


def told(traffic: Traffic) -> dict[str, Any] | None:
    """As a record carries it; None when there is nothing to carry."""
    if traffic.day is None or not (traffic.today or traffic.recent):
        return None
    recent = [[at.isoformat(), what] for at, what in traffic.recent]
    return {"day": traffic.day.isoformat(), "today": traffic.today, "recent": recent}


def heard(carried: Mapping[str, Any] | None) -> Traffic:
    """What ``told`` told."""
    if not carried:
        return QUIET
    recent = tuple((datetime.fromisoformat(at), str(what)) for at, what in carried["recent"])
    return Traffic(date.fromisoformat(carried["day"]), int(carried["today"]), recent)
