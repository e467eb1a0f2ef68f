"""One session in hand: everything the next round needs, and nothing a record does not also tell.

A desk is rebuilt from a session's last record, so a restarted orchestrator goes on exactly where the ledger ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from openoutcry.ledger.facts import SessionFacts
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Snapshot
from openoutcry.types.orders import FINAL, WorkingOrder
from openoutcry.types.record import CycleRecord

Key = tuple[int, str]
"""An order within its session: the round that placed it, and its leg."""


@dataclass
class Desk:
    """A session's state between rounds. ``seq`` is the next record's number; ``cursor`` the venue's last booked event."""

    facts: SessionFacts
    seq: int
    head: str
    portfolio: Portfolio
    as_of: datetime | None = None
    cursor: int = 0
    working: dict[Key, WorkingOrder] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    paused: bool = False

    def absorb(self, record: CycleRecord, head: str) -> None:
        """Move on to after ``record``, whose hash is ``head``."""
        self.seq, self.head, self.as_of = record.seq + 1, head, record.as_of
        self.portfolio = record.portfolio_after
        self.cursor = int(record.detail.get("cursor", self.cursor))
        self.marks = {symbol: Decimal(price) for symbol, price in record.detail.get("marks", {}).items()}
        self.working = working_after(record)


def working_after(record: CycleRecord) -> dict[Key, WorkingOrder]:
    """The orders that may still execute after a record."""
    orders: dict[Key, WorkingOrder] = {(w.state.order_seq, w.state.leg): w for w in record.working}
    for planned in record.orders:
        if planned.state is not None:
            orders[record.seq, planned.request.leg] = WorkingOrder(request=planned.request, state=planned.state)
    for state in record.order_updates:
        if (key := (state.order_seq, state.leg)) in orders:
            orders[key] = WorkingOrder(request=orders[key].request, state=state)
    return {key: order for key, order in orders.items() if order.state.status not in FINAL}


def prices_of(snapshot: Snapshot | None, marks: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Last good price of each symbol: this round's where there is one, else the last round's."""
    quotes = (snapshot.quote, snapshot.hedge) if snapshot is not None else ()
    return {**marks, **{quote.symbol: quote.price for quote in quotes if quote is not None}}
