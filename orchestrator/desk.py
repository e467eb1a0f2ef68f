"""One session in hand: everything the next round needs, and nothing a record does not also tell.

A desk is rebuilt from a session's last records, so a restarted orchestrator goes on exactly where the ledger ends.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.outcomes import Case, Judging
from openoutcry.ledger.traded import adopted
from openoutcry.order_states import UNHEARD
from openoutcry.orders import client_order_id
from openoutcry.risk.case import GateInput
from openoutcry.risk.instruments import instrument_of, rules_heard
from openoutcry.risk.latch import Latch
from openoutcry.risk.traffic import QUIET, Traffic, heard, told
from openoutcry.settings import VenueSettings
from openoutcry.strategy.seat import Seated, sat
from openoutcry.types.amounts import plain
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import FINAL, WorkingOrder
from openoutcry.types.record import CycleRecord, Decision
from orchestrator.books import Books, Key, Levels

LEFT_OVER = "left_over"
"""Where a record's detail names the legs of its orders that an interrupted attempt of it had sent, and it did not."""


@dataclass
class Desk:
    """A session's state between rounds. ``seq`` is the next record's number; ``cursor`` the venue's last booked event.

    ``levels`` are stop and target of entries still working, ``trails`` the distances of manual orders' trailing stops by the
    record that placed them, ``horizons`` those of open positions by the round that opened
    them, ``cases`` the decisions whose end is not known yet, ``seated`` the strategies of the last record.
    ``standing_hedge`` is the hedge ratio a person asked for, None while the vote decides. ``traffic`` is what was sent
    lately, ``latched`` the loss limits that were reached and not reset, ``instruments`` the venue's own rules of what is traded,
    where it has any. ``begun``: an earlier life began the next record, and
    what that has sent is not known yet.
    """

    facts: SessionFacts
    judging: Judging
    seq: int
    head: str
    portfolio: Portfolio
    as_of: datetime | None = None
    cursor: int = 0
    working: dict[Key, WorkingOrder] = field(default_factory=dict)
    marks: dict[str, Decimal] = field(default_factory=dict)
    levels: dict[Key, Levels] = field(default_factory=dict)
    trails: dict[int, float] = field(default_factory=dict)
    horizons: dict[int, int] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()
    config_digest: str = ""
    seated: dict[str, Seated] = field(default_factory=dict)
    paused: bool = False
    begun: bool = False
    standing_hedge: float | None = None
    traffic: Traffic = QUIET
    latched: dict[str, Latch] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)

    def books(self) -> Books:
        """Books for its next record."""
        return Books(
            self.seq,
            self.portfolio,
            dict(self.working),
            dict(self.levels),
            dict(self.trails),
            dict(self.instruments),
        )

    def instrument(self, symbol: str, venue: VenueSettings, price: Decimal | None = None) -> Instrument:
        """Trading rules of a symbol, as they were last told."""
        return instrument_of(symbol, self.instruments, venue, price)

    def doubted(self) -> dict[Key, str]:
        """The names of orders of which nobody has heard yet whether the venue has them."""
        unheard = (key for key, order in self.working.items() if order.state.status in UNHEARD)
        return {key: client_order_id(self.facts.session_id, *key) for key in sorted(unheard)}

    def absorb(self, record: CycleRecord, head: str, cases: tuple[Case, ...]) -> None:
        """Move on to after ``record``, whose hash is ``head``."""
        self.seq, self.head, self.as_of, self.begun = record.seq + 1, head, record.as_of, False
        self.portfolio, self.cases, self.config_digest = record.portfolio_after, cases, record.config_digest
        detail = record.detail
        self.seated = sat(detail)
        self.cursor = int(detail.get("cursor", self.cursor))
        self.marks = {symbol: Decimal(price) for symbol, price in detail.get("marks", {}).items()}
        self.horizons = {int(seq): bars for seq, bars in detail.get("horizons", {}).items()}
        self.levels = {
            (int(seq), leg): (_amount(stop), _amount(target))
            for seq, leg, stop, target in detail.get("levels", ())
        }
        self.trails = {int(seq): float(trail) for seq, trail in detail.get("trails", {}).items()}
        self.standing_hedge = detail.get("standing_hedge")
        self.traffic = heard(detail.get("sent"))
        self.instruments = rules_heard(detail.get("instruments", ()))
        self.latched = {
            rule: Latch.model_validate(latch) for rule, latch in detail.get("latched", {}).items()
        }
        self.working = working_after(record)


def carried(
    books: Books,
    desk: Desk,
    decision: Decision | None,
    marks: Mapping[str, Decimal],
    cursor: int,
    gate: GateInput,
    notes: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What the next round needs beside portfolio and orders, as a record's detail carries it."""
    bars = {**desk.horizons, **({books.seq: decision.horizon_bars} if decision is not None else {})}
    open_since = sorted(
        {p.opened_seq for p in books.portfolio.positions if p.role == "trade" and p.opened_seq in bars}
    )
    waiting = [
        key
        for key in sorted(books.protections)
        if key in books.orders and books.orders[key].state.status not in FINAL
    ]
    out: dict[str, Any] = {
        "cursor": cursor,
        "marks": {symbol: plain(price) for symbol, price in sorted(marks.items())},
    }
    if open_since:
        out["horizons"] = {str(seq): bars[seq] for seq in open_since}
    if waiting:
        out["levels"] = [
            [seq, leg, *(_text(price) for price in books.protections[seq, leg])] for seq, leg in waiting
        ]
    alive = {p.opened_seq for p in books.portfolio.positions} | {seq for seq, _ in waiting}
    if trails := {str(seq): trail for seq, trail in sorted(books.trails.items()) if seq in alive}:
        out["trails"] = trails
    if notes:
        out["notes"] = list(notes)
    if (sent := told(gate.traffic)) is not None:
        out["sent"] = sent
    if gate.latched:
        out["latched"] = {rule: latch.model_dump(mode="json") for rule, latch in sorted(gate.latched.items())}
    if books.instruments:
        out["instruments"] = [one.model_dump(mode="json") for _, one in sorted(books.instruments.items())]
    if books.left_over:
        out[LEFT_OVER] = [request.leg for request in books.left_over]
    if books.adopted:
        out["adopted"] = [order.model_dump(mode="json") for order in books.adopted]
    if desk.paused:
        out["paused"] = True
    if desk.standing_hedge is not None and _holds_spot(books, desk.facts.symbol):
        out["standing_hedge"] = desk.standing_hedge
    return out


def _holds_spot(books: Books, symbol: str) -> bool:
    """What a person asked to be hedged is still there; a hedge asked for once does not wait for the next position."""
    return any(p.symbol == symbol and p.side == "LONG" for p in books.portfolio.positions)


def _text(price: Decimal | None) -> str | None:
    return None if price is None else plain(price)


def _amount(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)


def working_after(record: CycleRecord) -> dict[Key, WorkingOrder]:
    """The orders that may still execute after a record."""
    known = (*record.working, *adopted(record))
    orders: dict[Key, WorkingOrder] = {(w.state.order_seq, w.state.leg): w for w in known}
    for planned in record.orders:
        if planned.state is not None:
            orders[record.seq, planned.request.leg] = WorkingOrder(
                request=planned.request, state=planned.state
            )
    for state in record.order_updates:
        if (key := (state.order_seq, state.leg)) in orders:
            orders[key] = WorkingOrder(request=orders[key].request, state=state)
    return {key: order for key, order in orders.items() if order.state.status not in FINAL}


def prices_of(snapshot: Snapshot | None, marks: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """Last good price of each symbol: this round's where there is one, else the last round's."""
    quotes = (snapshot.quote, snapshot.hedge) if snapshot is not None else ()
    return {**marks, **{quote.symbol: quote.price for quote in quotes if quote is not None}}
