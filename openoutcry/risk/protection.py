"""Stop and target of an open position: placed once it is filled, for exactly what is filled and not yet
protected.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from types import MappingProxyType

from openoutcry.orders import stem
from openoutcry.risk.levels import levels
from openoutcry.risk.standing import remaining
from openoutcry.settings import RiskSettings
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Position
from openoutcry.types.market import Instrument
from openoutcry.types.orders import OrderRequest, OrderType, Side, WorkingOrder

ZERO = Decimal(0)
NOTHING: Mapping[str, Decimal] = MappingProxyType({})
TYPES: Mapping[str, OrderType] = MappingProxyType({"stop_loss": "STOP_LOSS", "take_profit": "TAKE_PROFIT"})


def guards_of(position: Position) -> tuple[str, ...]:
    """The legs a directional position is to have; a manual one has a target only where it has a price for it."""
    whole = position.role == "trade" or position.take_profit is not None
    return ("stop_loss", "take_profit") if whole else ("stop_loss",)


def protect(
    position: Position,
    working: Iterable[WorkingOrder],
    *,
    seq: int,
    risk: RiskSettings,
    instrument: Instrument,
    reserved: Mapping[str, Decimal] = NOTHING,
    trailing: bool = False,
) -> tuple[OrderRequest, ...]:
    """The legs a directional position still lacks: a stop-loss and a take-profit that cancel each other.

    The prices are the position's own where they are on the right side of its entry, else the default
    fractions. A position that is wholly protected gets nothing, so this may be asked every round; it also
    repairs a leg that was rejected or lost. Both legs only reduce. ``reserved`` of each leg at work is another
    position's; a ``trailing`` stop may have passed the entry.
    """
    side: Side = "SELL" if position.side == "LONG" else "BUY"
    guards = [order for order in working if _faces(order, position)]
    missing = {
        leg: floor_to_step(
            position.quantity - max(_covered(guards, leg) - reserved.get(leg, ZERO), ZERO),
            instrument.quantity_step,
        )
        for leg in guards_of(position)
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
    prices = {
        "stop_loss": (position.stop_loss if trailing else None) or found.stop_loss,
        "take_profit": found.take_profit,
    }
    group = _sibling(guards, missing, prices) or f"bracket-{seq}-p{position.ordinal}"
    return tuple(
        OrderRequest(
            leg=leg,
            symbol=position.symbol,
            side=side,
            type=TYPES[leg],
            quantity=quantity,
            stop_price=prices[leg],
            reduce_only=True,
            oco_group=group,
            reason=f"{TYPES[leg]}: protects position {position.ordinal}",
        )
        for leg, quantity in missing.items()
        if quantity > 0
    )


def of_others(
    position: Position, positions: Iterable[Position], working: Iterable[WorkingOrder]
) -> Mapping[str, Decimal]:
    """How much of each leg at work belongs to the other ones of ``positions``, all of one symbol and side, oldest first.

    Guards at a position's own price are its own; what is left covers the oldest first.
    """
    positions, working = tuple(positions), tuple(working)
    found = {}
    for leg in guards_of(position):
        at: dict[Decimal | None, Decimal] = {}
        for order in working:
            if _faces(order, position) and stem(order.request.leg) == leg:
                price = order.request.stop_price
                at[price] = at.get(price, ZERO) + remaining(order)
        lacking = {p.ordinal: p.quantity for p in positions if leg in guards_of(p)}
        for each in positions:
            price = each.stop_loss if leg == "stop_loss" else each.take_profit
            _take(at, price, lacking, each.ordinal)
        for each in positions:
            for price in tuple(at):
                _take(at, price, lacking, each.ordinal)
        found[leg] = sum(
            (
                p.quantity - lacking[p.ordinal]
                for p in positions
                if p.ordinal in lacking and p.ordinal != position.ordinal
            ),
            ZERO,
        )
    return found


def _take(
    at: dict[Decimal | None, Decimal], price: Decimal | None, lacking: dict[int, Decimal], ordinal: int
) -> None:
    part = min(at.get(price, ZERO), lacking.get(ordinal, ZERO))
    if part > 0:
        at[price] -= part
        lacking[ordinal] -= part


def _faces(order: WorkingOrder, position: Position) -> bool:
    closing = "SELL" if position.side == "LONG" else "BUY"
    return (order.request.symbol, order.request.side) == (position.symbol, closing)


def _covered(guards: list[WorkingOrder], leg: str) -> Decimal:
    return sum((remaining(o) for o in guards if stem(o.request.leg) == leg), Decimal(0))


def _sibling(
    guards: list[WorkingOrder], missing: Mapping[str, Decimal], prices: Mapping[str, Decimal]
) -> str | None:
    """The group that a single leg joins: of the other leg at work, at this position's own price where there are several."""
    whole = {leg for leg, quantity in missing.items() if quantity <= 0}
    others = [
        order.request
        for order in reversed(guards)
        if stem(order.request.leg) in whole and order.request.oco_group is not None
    ]
    at_its_price = (other for other in others if other.stop_price == prices[stem(other.leg)])
    found = next(at_its_price, next(iter(others), None))
    return None if found is None else found.oco_group
