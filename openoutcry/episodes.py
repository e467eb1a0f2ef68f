"""One position, from flat to flat: opened, added to, reduced, closed; its cost exact to the smallest unit
(1e-8).

A position's cost is recoverable from its average price: eight decimals where their product with the quantity
rounds back to the cost, else eighteen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Literal

from openoutcry.orders import stem
from openoutcry.types.amounts import cents
from openoutcry.types.book import Position
from openoutcry.types.orders import Fill

Role = Literal["trade", "hedge", "manual"]
ROLES: Mapping[str, Role] = {"hedge": "hedge", "manual": "manual"}
"""Leg stem → role; every other leg (entry, exit, stop_loss, take_profit, flatten, liquidation) trades."""
REASONS: Mapping[str, str] = {
    "entry": "SIGNAL",
    "exit": "SIGNAL",
    "stop_loss": "STOP_LOSS",
    "take_profit": "TAKE_PROFIT",
    "hedge": "HEDGE",
    "manual": "MANUAL",
    "flatten": "FLATTEN",
    "halt_exit": "FLATTEN",
    "liquidation": "LIQUIDATION",
}
CODES = frozenset({*REASONS.values(), "HORIZON"})
"""What a position's exit reason may say: by the leg that closed it, or by that order's own reason."""


@dataclass(frozen=True, slots=True)
class Booking:
    """What the books need to know of a fill besides the fill: the round that books it, and its order's
    protection.

    ``reason`` is the order's reason; when it starts with a known code (``FLATTEN: ...``) that code wins over
    the leg's.
    """

    seq: int
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """A share of a fill: what it takes from ``position``, or puts on when that is None."""

    position: Position | None
    quantity: Decimal
    notional: Decimal
    fee: Decimal


def role_of(leg: str | None) -> Role:
    """The role whose position a leg's fills belong to."""
    return ROLES.get(stem(leg or ""), "trade")


def cost_of(position: Position) -> Decimal:
    """What the open quantity cost (LONG) or brought (SHORT), exact to the unit."""
    return cents(position.entry_price * position.quantity)


def opened(ordinal: int, part: Part, fill: Fill, booking: Booking) -> Position:
    """A new position of the role that the fill's leg has."""
    return Position(
        ordinal=ordinal,
        symbol=fill.symbol,
        side="LONG" if fill.side == "BUY" else "SHORT",
        role=role_of(fill.leg),
        quantity=part.quantity,
        entry_quantity=part.quantity,
        entry_price=_average(part.notional, part.quantity, fill.price),
        entry_time=fill.executed_at,
        opened_seq=booking.seq if fill.order_seq is None else fill.order_seq,
        entry_reason=_why(fill.leg, booking.reason),
        stop_loss=booking.stop_loss,
        take_profit=booking.take_profit,
        fees=part.fee,
    )


def increased(position: Position, part: Part, booking: Booking) -> Position:
    """The position with more of the same side, at the average cost; new protection replaces the old."""
    quantity = position.quantity + part.quantity
    return position.model_copy(
        update={
            "quantity": quantity,
            "entry_quantity": position.entry_quantity + part.quantity,
            "entry_price": _average(cost_of(position) + part.notional, quantity, position.entry_price),
            "stop_loss": booking.stop_loss or position.stop_loss,
            "take_profit": booking.take_profit or position.take_profit,
            "fees": position.fees + part.fee,
        }
    )


def reduced(position: Position, part: Part, fill: Fill, booking: Booking) -> Position:
    """The position with less of it, its profit realised; with nothing left it carries its exit."""
    rest = position.quantity - part.quantity
    cost = cost_of(position) - cents(position.entry_price * rest)
    profit = part.notional - cost if position.side == "LONG" else cost - part.notional
    sold = cents((position.exit_price or Decimal(0)) * position.exit_quantity) + part.notional
    update: dict[str, object] = {
        "quantity": rest,
        "realized_pnl": position.realized_pnl + profit,
        "fees": position.fees + part.fee,
        "exit_quantity": position.exit_quantity + part.quantity,
        "exit_price": _average(sold, position.exit_quantity + part.quantity, fill.price),
    }
    if rest == 0:
        reason = _why(fill.leg, booking.reason)
        update |= {"exit_time": fill.executed_at, "closed_seq": booking.seq, "exit_reason": reason}
    return position.model_copy(update=update)


def _average(total: Decimal, quantity: Decimal, fallback: Decimal) -> Decimal:
    """The price whose product with ``quantity`` rounds back to ``total``; ``fallback`` when that is zero."""
    with localcontext(prec=60):
        price = cents(total / quantity)
        if cents(price * quantity) != total:
            price = cents(total / quantity, places=18)
    return price if price > 0 else fallback


def _why(leg: str | None, reason: str) -> str:
    code = reason.partition(":")[0].strip().upper()
    return code if code in CODES else REASONS.get(stem(leg or ""), "SIGNAL")
