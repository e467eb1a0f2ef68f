"""Orders, fills, and the gate's word on them."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, model_validator

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen

Side = Literal["BUY", "SELL"]
OrderType = Literal["MARKET", "LIMIT", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
OrderStatus = Literal[
    "INTENT", "SENT", "NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED", "UNKNOWN"
]
TimeInForce = Literal["GTC", "IOC", "FOK"]
Leg = Annotated[str, Field(pattern=r"^[a-z_]{1,20}(-[0-9]{1,9})?$")]
Trail = Annotated[float, Field(ge=0.001, le=0.5)]
"""Distance of a trailing stop from the best price, as a fraction of it."""
FINAL: frozenset[str] = frozenset({"FILLED", "CANCELED", "REJECTED", "EXPIRED"})
TRIGGERED: frozenset[str] = frozenset({"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"})


class OrderRequest(Frozen):
    """An order somebody wants. ``leg`` names its part in the round: entry, exit, stop_loss, take_profit, hedge, manual-1 ...

    Orders of one ``oco_group`` cancel each other when one fills. ``reduce_only`` may shrink a position, never flip it.
    """

    leg: Leg
    symbol: str
    side: Side
    type: OrderType
    quantity: PositiveAmount
    price: PositiveAmount | None = None
    stop_price: PositiveAmount | None = None
    time_in_force: TimeInForce = "GTC"
    reduce_only: bool = False
    oco_group: str | None = None
    reason: Annotated[str, Field(max_length=500)] = ""

    @model_validator(mode="after")
    def _prices_fit_type(self) -> "OrderRequest":
        if (self.price is not None) != self.type.endswith("LIMIT"):
            raise ValueError(f"price: {self.type} {'needs' if self.price is None else 'takes no'} price")
        if (self.stop_price is not None) != (self.type in TRIGGERED):
            raise ValueError(
                f"stop_price: {self.type} {'needs' if self.stop_price is None else 'takes no'} stop price"
            )
        return self


class Approved(Frozen):
    """The gate lets the order through; ``order_hash`` binds the word to exactly this order."""

    kind: Literal["approved"] = "approved"
    order_hash: str


class Refused(Frozen):
    """The gate stops the order: which rule, the value it saw, the limit it broke."""

    kind: Literal["refused"] = "refused"
    rule: str
    value: str
    limit: str
    message: str = ""


Verdict = Annotated[Approved | Refused, Field(discriminator="kind")]


class Bracket(Frozen):
    """What the approval of an entry permits beside it: protecting, and at worst leaving, what it filled.

    Orders made from it are reduce-only and never for more than the entry filled and nothing has closed since. ``trail`` is
    how far, as a fraction of the price, the stop follows a price that moves the position's way; it never moves back.
    """

    stop_loss: PositiveAmount
    take_profit: PositiveAmount | None = None
    trail: Trail | None = None


class Approval(Frozen):
    """A single-use, signed permission to place one order (``mac`` by the execution server's key).

    ``reduces``: the gate found that the order can only shrink a position, so it may pass while trading is halted.
    ``bracket``: a standing instruction, should what the order fills be found without a stop.
    """

    approval_id: str
    client_order_id: str
    order_hash: str
    session_id: str
    seq: int
    expires_at: datetime
    reduces: bool = False
    bracket: Bracket | None = None
    mac: str


class Fill(Frozen):
    """One execution. The order is named by the round and leg it came from, or None for a venue event such as FUNDING.

    ``fee`` is in the quote asset. ``kind`` FUNDING carries the payment in ``fee`` (positive = paid) with quantity 0.
    """

    kind: Literal["TRADE", "FUNDING"] = "TRADE"
    trade_id: str
    order_seq: int | None
    leg: str | None
    symbol: str
    side: Side
    price: PositiveAmount
    quantity: Annotated[Amount, Field(ge=0)]
    fee: Amount = Decimal(0)
    liquidity: Literal["maker", "taker"] = "taker"
    executed_at: datetime


class OrderState(Frozen):
    """Where an order stands at the venue."""

    order_seq: int
    leg: Leg
    status: OrderStatus
    venue_order_id: str | None = None
    executed_quantity: Amount = Decimal(0)
    executed_quote: Amount = Decimal(0)
    placed_at: datetime | None = None
    updated_at: datetime | None = None
    error: str | None = None


class WorkingOrder(Frozen):
    """An order that may still execute: what was asked and where it stands."""

    request: OrderRequest
    state: OrderState


class PlannedOrder(Frozen):
    """A request, the gate's verdict on it, and what became of it within the round (None when it was never sent)."""

    request: OrderRequest
    verdict: Verdict
    state: OrderState | None = None
