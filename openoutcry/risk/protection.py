"""Stop and target of an open position: placed once it is filled, for exactly what is filled and not yet
protected.
"""

from collections.abc import Iterable
from decimal import Decimal

from openoutcry.orders import stem
from openoutcry.risk.levels import levels
from openoutcry.risk.standing import remaining
from openoutcry.settings import RiskSettings
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Position
from openoutcry.types.market import Instrument
from openoutcry.types.orders import OrderRequest, OrderType, Side, WorkingOrder

ZERO = Decimal(0)


def protect(
    position: Position,
    working: Iterable[WorkingOrder],
    *,
    seq: int,
    risk: RiskSettings,
    instrument: Instrument,
    reserved: Decimal = ZERO,
    trailing: bool = False,
) -> tuple[OrderRequest, ...]:
    """The legs a directional position still lacks: a stop-loss and a take-profit that cancel each other.

    The prices are the position's own where they are on the right side of its entry, else the default
    fractions. A position that is wholly protected gets nothing, so this may be asked every round; it also
    repairs a leg that was rejected or lost. Both legs only reduce. A manual position gets the legs it has prices for.
    ``reserved`` of the protection at work is another position's; a ``trailing`` stop may have passed the entry.
    """
    side: Side = "SELL" if position.side == "LONG" else "BUY"
    guards = [o for o in working if o.request.symbol == position.symbol and o.request.side == side]
    missing = {
        leg: floor_to_step(
            position.quantity - max(_covered(guards, leg) - reserved, ZERO), instrument.quantity_step
        )
        for leg in ("stop_loss", "take_profit")
    }
    found = levels(
        position.side,
        position.entry_price,
        instrument.price_tick,
        risk,
        stop_loss=position.stop_loss,
        take_profit=position.take_profit,
    )
    if found is None:
        return ()
    legs: tuple[tuple[str, OrderType, Decimal], ...] = (
        ("stop_loss", "STOP_LOSS", (position.stop_loss if trailing else None) or found.stop_loss),
        ("take_profit", "TAKE_PROFIT", found.take_profit),
    )
    return tuple(
        OrderRequest(
            leg=leg,
            symbol=position.symbol,
            side=side,
            type=kind,
            quantity=missing[leg],
            stop_price=price,
            reduce_only=True,
            oco_group=_group(guards, missing, seq),
            reason=f"{kind}: protects position {position.ordinal}",
        )
        for leg, kind, price in legs
        if missing[leg] > 0 and (leg == "stop_loss" or position.role == "trade" or position.take_profit)
    )


def _covered(guards: list[WorkingOrder], leg: str) -> Decimal:
    return sum((remaining(o) for o in guards if stem(o.request.leg) == leg), Decimal(0))


def _group(guards: list[WorkingOrder], missing: dict[str, Decimal], seq: int) -> str:
    """A pair of its own; a single leg joins the sibling that is already there."""
    if min(missing.values()) <= 0:
        for order in reversed(guards):
            if order.request.oco_group is not None:
                return order.request.oco_group
    return f"bracket-{seq}"
