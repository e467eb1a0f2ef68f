"""What WebSocket clients hear of a record: order, trade and position messages, in that order.

``data`` has CryptoFunk's field names, money as plain strings, and ``source`` saying which kind of market it was.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.rows import FillRow, OrderChangeRow, OrderRow, PositionRow, Projection
from openoutcry.types.amounts import plain
from openoutcry.types.record import CycleRecord


class Event(NamedTuple):
    """One message: its type, its data, and the market time it belongs to."""

    type: str
    data: dict[str, Any]
    at: datetime


class KnownOrder(NamedTuple):
    """What a change of an earlier record's order does not say itself."""

    symbol: str
    side: str
    type: str
    quantity: Decimal


def announce(
    record: CycleRecord, facts: SessionFacts, rows: Projection, earlier: Mapping[UUID, KnownOrder]
) -> tuple[Event, ...]:
    """The messages of one record. ``earlier`` knows the orders of ``rows.order_changes`` by id."""
    label = {"session_id": str(facts.session_id), "source": record.source}
    said = _said(rows, earlier)
    return tuple(Event(kind, {**data, **label}, record.as_of) for kind, data in said)


def _said(rows: Projection, earlier: Mapping[UUID, KnownOrder]) -> Iterator[tuple[str, dict[str, Any]]]:
    for order in rows.orders:
        yield "order_update", _order(order)
    for change in rows.order_changes:
        yield "order_update", _change(change, earlier[change.id])
    for fill in rows.fills:
        if fill.kind == "TRADE":
            yield "trade", _trade(fill)
    for position in rows.positions:
        yield "position_update", _position(position)


def _change(change: OrderChangeRow, order: KnownOrder) -> dict[str, Any]:
    return {
        "order_id": str(change.id),
        "symbol": order.symbol,
        "side": order.side,
        "type": order.type,
        "status": change.status,
        "quantity": _money(order.quantity),
        "executed_quantity": _money(change.executed_quantity),
        "filled_at": _stamp(change.filled_at),
        "canceled_at": _stamp(change.canceled_at),
        "error_message": change.error_message,
    }


def _order(order: OrderRow) -> dict[str, Any]:
    return {
        "order_id": str(order.id),
        "symbol": order.symbol,
        "side": order.side,
        "type": order.type,
        "status": order.status,
        "quantity": _money(order.quantity),
        "executed_quantity": _money(order.executed_quantity),
        "price": _money(order.price),
        "stop_price": _money(order.stop_price),
        "filled_at": _stamp(order.filled_at),
        "canceled_at": _stamp(order.canceled_at),
        "error_message": order.error_message,
    }


def _trade(fill: FillRow) -> dict[str, Any]:
    return {
        "trade_id": fill.trade_id,
        "order_id": None if fill.order_id is None else str(fill.order_id),
        "symbol": fill.symbol,
        "side": fill.side,
        "price": _money(fill.price),
        "quantity": _money(fill.quantity),
        "commission": _money(fill.fee),
        "executed_at": _stamp(fill.executed_at),
    }


def _position(position: PositionRow) -> dict[str, Any]:
    return {
        "position_id": str(position.id),
        "symbol": position.symbol,
        "side": position.side,
        "role": position.role,
        "entry_price": _money(position.entry_price),
        "exit_price": _money(position.exit_price),
        "quantity": _money(position.quantity),
        "unrealized_pnl": _money(position.unrealized_pnl),
        "realized_pnl": _money(position.realized_pnl),
        "exit_time": _stamp(position.exit_time),
    }


def _money(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
