"""What the execution server needs of a venue."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Protocol, runtime_checkable

from openoutcry.sim.engine import Ticket
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Fill, OrderRequest, OrderState

Still = Callable[[], Awaitable[None]]
"""Asked right before an order or a cancel leaves. Raises Halted, Fenced or VenueUnknown when what let it out holds no more."""


@dataclass(frozen=True, slots=True)
class Statement:
    """What happened at the venue in a span of its events, in order, and the number of the last of them.

    ``orders`` holds one state per order that changed, as it stood at ``cursor``.
    """

    fills: tuple[Fill, ...]
    orders: tuple[OrderState, ...]
    cursor: int


@dataclass(frozen=True, slots=True)
class Balance:
    """One asset at the venue. ``locked`` is the part that resting orders have spoken for."""

    asset: str
    total: Decimal
    locked: Decimal


@dataclass(frozen=True, slots=True)
class VenuePosition:
    """The venue's net position in one symbol; signed. ``entry_price`` is the average cost of what is held."""

    symbol: str
    quantity: Decimal
    entry_price: Decimal


class Venue(Protocol):
    """One account at one venue. An order is named by its client order id, once and for ever."""

    async def place(self, ticket: Ticket, still: Still | None = None) -> OrderState:
        """Take an order; one that is already known is not placed again.

        Raises VenueRejected when it will never exist, VenueUnknown when nobody knows.
        """
        ...

    async def cancel(
        self, client_order_id: str, *, at: datetime, by_seq: int, still: Still | None = None
    ) -> OrderState | None:
        """Cancel a working order for round ``by_seq``; a final one stays as it is. None when unknown."""
        ...

    async def lookup(self, client_order_id: str) -> OrderState | None:
        """The order of that name; None is proof that the venue does not have it. Raises VenueUnknown."""
        ...

    async def disown(self, ticket: Ticket) -> OrderState:
        """Refuse for ever an order that never came; one that did come stays as it is."""
        ...

    async def advance(self, as_of: datetime) -> None:
        """Bring the account up to ``as_of``. Twice is the same as once."""
        ...

    async def refresh(self) -> None:
        """Learn what became of working orders, between rounds. A venue that moves only with rounds has no news."""
        ...

    def before(self, seq: int, after: int) -> Statement:
        """What happened after event ``after``, up to the first that round ``seq`` or later asked for."""
        ...

    def upto_placing(self, seq: int, leg: str, after: int) -> Statement:
        """What happened after event ``after``, up to and with the placing of that order."""
        ...

    def upto_cancelling(self, by_seq: int, client_order_id: str, after: int) -> Statement:
        """What happened after event ``after``, up to and with that cancel; ``before`` if it did nothing."""
        ...

    def orders(self) -> tuple[tuple[OrderRequest, OrderState], ...]:
        """Every order the venue ever took or refused, oldest first."""
        ...

    async def instruments(self) -> tuple[Instrument, ...]:
        """The venue's own rules of what the account trades, as far as it tells them; none where the settings are the rules."""
        ...

    def balances(self) -> tuple[Balance, ...]:
        """Cash and spot assets."""
        ...

    async def told_at(self) -> datetime | None:
        """When the venue told the balances; it is asked first if it never was. None: they are as of now.

        Raises VenueUnknown when it does not say.
        """
        ...

    def positions(self) -> tuple[VenuePosition, ...]:
        """Net positions."""
        ...


@runtime_checkable
class Pairing(Venue, Protocol):
    """A venue with order lists of its own: on spot, where coins can be spoken for only once, a stop and a target share them."""

    async def place_pair(
        self, stop: Ticket, target: Ticket, still: Still | None = None
    ) -> tuple[OrderState, OrderState]:
        """Take both or neither; the one that executes cancels the other. Where each stands.

        Raises VenueRejected when they will never exist, VenueUnknown when nobody knows.
        """
        ...
