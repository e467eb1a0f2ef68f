"""Every order's states over time, by event number: what the venue can say about any stretch of its past."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from mcp_servers.execution.venues.journal import Transaction
from mcp_servers.execution.venues.protocol import Statement
from openoutcry.errors import VenueError
from openoutcry.order_states import moved
from openoutcry.sim.events import (
    Accepted,
    Canceled,
    Expired,
    Filled,
    Rejected,
    Reported,
    Triggered,
    VenueEvent,
)
from openoutcry.types.amounts import cents
from openoutcry.types.orders import Fill, OrderRequest, OrderState

T = TypeVar("T")


def placing(seq: int, leg: str) -> str:
    """The cause of an order's placing."""
    return f"place:{seq}:{leg}"


def cancelling(by_seq: int, client_order_id: str) -> str:
    """The cause of a cancel asked for by round ``by_seq``."""
    return f"cancel:{by_seq}:{client_order_id}"


@dataclass(slots=True)
class OrderHistory:
    """One order: what it asked for, and every state it was in with the number of the event behind it."""

    request: OrderRequest
    numbers: list[int] = field(default_factory=list)
    states: list[OrderState] = field(default_factory=list)

    @property
    def state(self) -> OrderState:
        """The latest state."""
        return self.states[-1]

    def at(self, number: int) -> OrderState:
        """The state after event ``number``."""
        return self.states[bisect_right(self.numbers, number) - 1]


class History:
    """Orders and fills of one account, indexed by event number and by what asked for them."""

    def __init__(self) -> None:
        self.orders: dict[str, OrderHistory] = {}
        self.cursor = 0
        self._touched: list[tuple[int, str]] = []
        self._fills: list[tuple[int, Fill]] = []
        self._asked: list[tuple[int, int]] = []
        self._ends: dict[str, int] = {}

    @property
    def fills(self) -> tuple[Fill, ...]:
        """Every fill, in order."""
        return tuple(fill for _, fill in self._fills)

    def add(self, transaction: Transaction) -> None:
        """Take in the next transaction."""
        verb, _, rest = transaction.cause.partition(":")
        if verb in ("place", "cancel"):
            self._asked.append((transaction.first, int(rest.partition(":")[0])))
            self._ends[transaction.cause] = transaction.last
        for number, event in enumerate(transaction.events, start=transaction.first):
            self._note(number, event)
        self.cursor = transaction.last

    def between(self, after: int, until: int) -> Statement:
        """What events ``after`` < number <= ``until`` say. Raises VenueError for a foreign cursor."""
        if after > self.cursor:
            raise VenueError(
                f"cursor {after} is past the journal, which ends at {self.cursor}: not of this ledger"
            )
        until = max(until, after)
        latest: dict[str, int] = {}
        for number, cid in _span(self._touched, after, until):
            latest.pop(cid, None)
            latest[cid] = number
        return Statement(
            fills=tuple(fill for _, fill in _span(self._fills, after, until)),
            orders=tuple(self.orders[cid].at(number) for cid, number in latest.items()),
            cursor=until,
        )

    def before(self, seq: int, after: int) -> int:
        """The last event, past ``after``, ahead of the first that round ``seq`` or later asked for."""
        asked = (first - 1 for first, by in _span(self._asked, after, self.cursor) if by >= seq)
        return next(asked, self.cursor)

    def end_of(self, cause: str) -> int | None:
        """The last event of what that cause brought about; None when it brought about nothing."""
        return self._ends.get(cause)

    def _note(self, number: int, event: VenueEvent) -> None:
        match event:
            case Accepted() | Rejected():
                self.orders[event.client_order_id] = OrderHistory(event.request)
                self._move(number, event.client_order_id, _born(event))
            case Filled():
                self._fills.append((number, event.fill))
                if event.client_order_id is not None:
                    self._filled(number, event.client_order_id, event)
            case Canceled() | Expired():
                changes = {"status": event.kind.upper(), "error": event.reason}
                self._change(number, event.client_order_id, event.at, **changes)
            case Triggered():
                self._change(number, event.client_order_id, event.at)
            case Reported():
                self._reported(number, event)
            case _:
                pass

    def _filled(self, number: int, cid: str, event: Filled) -> None:
        order, fill = self.orders[cid], event.fill
        done = order.state.executed_quantity + event.traded
        self._change(
            number,
            cid,
            fill.executed_at,
            status="FILLED" if done == order.request.quantity else "PARTIALLY_FILLED",
            executed_quantity=done,
            executed_quote=order.state.executed_quote + cents(fill.price * event.traded),
        )

    def _reported(self, number: int, event: Reported) -> None:
        before = self.orders[event.client_order_id].state
        said = before.model_copy(
            update={
                "status": event.status,
                "updated_at": event.at,
                "executed_quantity": event.executed_quantity,
                "executed_quote": event.executed_quote,
                "error": event.error,
            }
        )
        self._move(number, event.client_order_id, moved(before, said))

    def _change(self, number: int, cid: str, at: datetime, **changes: Any) -> None:
        self._move(number, cid, self.orders[cid].state.model_copy(update={"updated_at": at, **changes}))

    def _move(self, number: int, cid: str, state: OrderState) -> None:
        self.orders[cid].numbers.append(number)
        self.orders[cid].states.append(state)
        self._touched.append((number, cid))


def _born(event: Accepted | Rejected) -> OrderState:
    taken = isinstance(event, Accepted)
    return OrderState(
        order_seq=event.order_seq,
        leg=event.request.leg,
        status="NEW" if taken else "REJECTED",
        venue_order_id=event.venue_order_id if isinstance(event, Accepted) else None,
        placed_at=event.at if taken else None,
        updated_at=event.at,
        error=None if isinstance(event, Accepted) else event.error,
    )


def _span(entries: Sequence[tuple[int, T]], after: int, until: int) -> Sequence[tuple[int, T]]:
    """The entries numbered ``after`` < number <= ``until``; entries are in ascending order."""
    key = lambda entry: entry[0]  # noqa: E731
    return entries[bisect_right(entries, after, key=key) : bisect_right(entries, until, key=key)]
