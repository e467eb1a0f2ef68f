"""The facts of a simulated venue, in the order they happened. Applying all of them rebuilds it exactly."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from openoutcry.sim.rules import VenueRules
from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen
from openoutcry.types.orders import Fill, OrderRequest, OrderStatus


class Opened(Frozen):
    """An account was opened with ``capital`` of ``quote_asset``, under rules that stay its own for life."""

    kind: Literal["opened"] = "opened"
    at: datetime
    account: str
    quote_asset: str
    capital: PositiveAmount
    rules: VenueRules


class Accepted(Frozen):
    """The venue took an order; bars opening before ``first_bar`` cannot fill it."""

    kind: Literal["accepted"] = "accepted"
    at: datetime
    client_order_id: str
    venue_order_id: str
    order_seq: int
    request: OrderRequest
    first_bar: datetime


class Rejected(Frozen):
    """The venue refused an order for good; ``error`` is ``CODE: explanation``."""

    kind: Literal["rejected"] = "rejected"
    at: datetime
    client_order_id: str
    order_seq: int
    request: OrderRequest
    error: str


class Triggered(Frozen):
    """A stop or target was touched and is now a plain limit order. (Market-type triggers fill at once.)"""

    kind: Literal["triggered"] = "triggered"
    at: datetime
    client_order_id: str
    first_bar: datetime


class Filled(Frozen):
    """A trade, or a funding payment. Without a client order id it is the venue's own doing (funding,
    liquidation).

    ``first_bar`` is where the order may trade next: a bar's share is spent once. ``executed`` is the part of the order that
    this was, where a fee taken in base left less than that to be booked.
    """

    kind: Literal["filled"] = "filled"
    at: datetime
    client_order_id: str | None
    fill: Fill
    first_bar: datetime | None = None
    executed: PositiveAmount | None = None

    @property
    def traded(self) -> Decimal:
        """How much of the order this was."""
        return self.fill.quantity if self.executed is None else self.executed


class Canceled(Frozen):
    """An order was cancelled, by request or by its filled sibling."""

    kind: Literal["canceled"] = "canceled"
    at: datetime
    client_order_id: str
    reason: str


class Expired(Frozen):
    """The venue ended an order: unfilled immediate part, nothing left to reduce, no money left."""

    kind: Literal["expired"] = "expired"
    at: datetime
    client_order_id: str
    reason: str


class Reported(Frozen):
    """A real venue's own word on an order: where it stands, and all of it that was executed so far.

    Its trades are told by ``filled`` events without a client order id: fees taken in the asset bought make what is
    held less than what was executed.
    """

    kind: Literal["reported"] = "reported"
    at: datetime
    client_order_id: str
    status: OrderStatus
    executed_quantity: Amount
    executed_quote: Amount
    error: str | None = None


class Advanced(Frozen):
    """All bars closed by ``at`` are matched; ``cursors`` has each symbol's first bar (its open time) that is
    not.
    """

    kind: Literal["advanced"] = "advanced"
    at: datetime
    cursors: dict[str, datetime]


VenueEvent = Annotated[
    Opened | Accepted | Rejected | Triggered | Filled | Canceled | Expired | Reported | Advanced,
    Field(discriminator="kind"),
]
