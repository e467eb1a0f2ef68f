"""An order book kept from a snapshot and the differences after it, which knows when it is no longer one.

The rules of Binance. Spot numbers updates per symbol: a difference follows when its ``U`` is the last ``u`` + 1. USD-M
numbers them across symbols: a difference follows when its ``pu`` is the last ``u``. A difference that was seen before
is left out; one that leaves something unseen, or makes the sides cross, ends the book: it asks for a snapshot and is
quiet until it has one that joins the differences kept since.
"""

from collections import deque
from dataclasses import dataclass
from decimal import Decimal
from heapq import nlargest, nsmallest
from typing import Literal

from openoutcry.market.book import Book, Level
from openoutcry.market.depth_messages import DepthDiff, DepthSnapshot, Rows

MOST_KEPT = 1_000
"""Differences kept while a snapshot is awaited: 100 s of the fastest stream."""
Outcome = Literal["applied", "ignored", "kept", "gap", "crossed"]


@dataclass(frozen=True, slots=True)
class Health:
    """What happened to the book so far."""

    applied: int = 0
    ignored: int = 0
    gaps: int = 0
    crossed: int = 0
    snapshots: int = 0
    stale_snapshots: int = 0


class DepthBook:
    """One symbol's book. Not ready before its first snapshot; pure: it asks nobody, ``ready`` says what it needs."""

    def __init__(self) -> None:
        self.last = 0
        self.ready = False
        self._bids: dict[Decimal, Decimal] = {}
        self._asks: dict[Decimal, Decimal] = {}
        self._known = (Decimal(0), Decimal("Infinity"))
        self._joined = False
        self._kept: deque[DepthDiff] = deque(maxlen=MOST_KEPT)
        self._counts = dict.fromkeys(Health.__dataclass_fields__, 0)

    @property
    def health(self) -> Health:
        """How often what happened."""
        return Health(**self._counts)

    def start(self, snapshot: DepthSnapshot, limit: int) -> bool:
        """Begin anew from a snapshot asked for with ``limit`` levels a side, and what was kept since.

        False when the snapshot is older than the first difference kept: another one is needed.
        """
        self._counts["snapshots"] += 1
        kept = [diff for diff in self._kept if diff.last > snapshot.last]
        if kept and not _follows(kept[0], snapshot.last, joined=False):
            self._counts["stale_snapshots"] += 1
            self.ready = False
            return False
        self._bids, self._asks = dict(snapshot.bids), dict(snapshot.asks)
        # Beyond the deepest level of a full answer nothing is known but what has changed since.
        low = min(self._bids) if len(self._bids) >= limit else Decimal(0)
        self._known = low, max(self._asks) if len(self._asks) >= limit else Decimal("Infinity")
        self.last, self.ready, self._joined = snapshot.last, True, False
        self._kept.clear()
        for diff in kept:
            self.take(diff)
        return self.ready

    def take(self, diff: DepthDiff) -> Outcome:
        """One difference, in the order of arrival. ``gap`` and ``crossed`` end the book until ``start``."""
        if not self.ready:
            self._kept.append(diff)
            return "kept"
        if diff.last <= self.last:
            return self._counted("ignored")
        if not _follows(diff, self.last, joined=self._joined):
            self._end(diff)
            self._counts["gaps"] += 1
            return "gap"
        _lay(self._bids, diff.bids)
        _lay(self._asks, diff.asks)
        self.last, self._joined = diff.last, True
        if not self._bids or not self._asks or max(self._bids) >= min(self._asks):
            self._end(diff)
            return self._counted("crossed")
        return self._counted("applied")

    def lose(self) -> None:
        """The stream broke off: what comes next need not follow."""
        self.ready = False
        self._kept.clear()

    def book(self, levels: int) -> Book | None:
        """The best ``levels`` of each side that are certain; None when the book is not ready or nothing is."""
        if not self.ready:
            return None
        low, high = self._known
        bids = nlargest(levels, (price for price in self._bids if price >= low))
        asks = nsmallest(levels, (price for price in self._asks if price <= high))
        if not bids or not asks:
            return None
        return Book(
            bids=tuple(Level(price, self._bids[price]) for price in bids),
            asks=tuple(Level(price, self._asks[price]) for price in asks),
        )

    def thin(self, levels: int) -> bool:
        """Whether fewer than ``levels`` are certain on a side only because the snapshot did not reach further."""
        if not self.ready:
            return False
        low, high = self._known
        bids = sum(1 for price in self._bids if price >= low)
        asks = sum(1 for price in self._asks if price <= high)
        return (bool(low) and bids < levels) or (high.is_finite() and asks < levels)

    def _end(self, diff: DepthDiff) -> None:
        self.ready = False
        self._kept.clear()
        self._kept.append(diff)

    def _counted(self, what: Outcome) -> Outcome:
        self._counts[what] += 1
        return what


def _follows(diff: DepthDiff, last: int, *, joined: bool) -> bool:
    """Whether nothing is missing between update ``last`` and the difference.

    A snapshot (``joined`` False) may fall inside a difference, whose levels are then newer than its own.
    """
    before = diff.first - 1 if diff.previous is None else diff.previous
    return before == last if joined else before <= last


def _lay(side: dict[Decimal, Decimal], rows: Rows) -> None:
    for price, quantity in rows:
        if quantity:
            side[price] = quantity
        else:
            side.pop(price, None)
