"""An order as clients see it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from api.shapes.base import Shape, shaped
from db.reads.orders import IN_FLIGHT, UNKNOWN_NOTE

PublicStatus = Literal["NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED", "REJECTED", "EXPIRED"]


class Refusal(Shape, frozen=True, kw_only=True):
    """Why the risk gate stopped an order: the rule, the value it saw and the limit it broke."""

    rule: str
    value: str
    limit: str
    message: str = ""


class Order(Shape, frozen=True, kw_only=True):
    """One order."""

    id: UUID
    session_id: UUID | None
    position_id: UUID | None = None
    exchange_order_id: str | None
    client_order_id: str
    symbol: str
    exchange: str
    side: Literal["BUY", "SELL"]
    type: Literal["MARKET", "LIMIT", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"]
    status: PublicStatus
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    time_in_force: Literal["GTC", "IOC", "FOK"]
    reduce_only: bool
    leg: str
    reason: str
    refusal: Refusal | None
    error_message: str | None
    placed_at: datetime
    filled_at: datetime | None
    canceled_at: datetime | None
    expired_at: datetime | None
    created_at: datetime
    updated_at: datetime


class OrderList(Shape, frozen=True, kw_only=True):
    """Orders, newest first."""

    orders: list[Order]
    count: int


class OneOrder(Shape, frozen=True, kw_only=True):
    """One order."""

    order: Order


class OrderChanged(Shape, frozen=True, kw_only=True):
    """An order after something was done to it."""

    order: Order
    message: str


def order_of(row: Mapping[str, Any]) -> Order:
    """A row of ``orders``."""
    status = "NEW" if row["status"] in IN_FLIGHT else row["status"]
    refusal = row["refusal"]
    note = row["error_message"]
    if note is None and refusal:
        note = (
            refusal.get("message")
            or f"{refusal['rule']}: {refusal['value']} breaks the limit {refusal['limit']}"
        )
    if note is None and row["status"] == "UNKNOWN":
        note = UNKNOWN_NOTE
    return shaped(
        row,
        Order,
        exchange_order_id=row["venue_order_id"],
        status=status,
        refusal=shaped(refusal, Refusal) if refusal else None,
        error_message=note,
        placed_at=row["placed_at"] or row["created_at"],
    )
