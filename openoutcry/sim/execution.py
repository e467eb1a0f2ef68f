"""Turning a touch into events: clamp, cap by liquidity, price, pay, and what follows for the siblings."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from openoutcry.sim.account import Account, WorkingOrder, evolve
from openoutcry.sim.checks import can_reduce, reducible, unaffordable
from openoutcry.sim.events import Canceled, Expired, Filled, Triggered, VenueEvent
from openoutcry.sim.fees import Liquidity, booked
from openoutcry.sim.margin import Prices
from openoutcry.sim.rules import VenueRules
from openoutcry.types.orders import Fill


@dataclass(slots=True)
class Happening:
    """What happens in one call of the engine: the account as it moves, and the events that moved it."""

    account: Account
    rules: VenueRules
    events: list[VenueEvent] = field(default_factory=list)

    def emit(self, event: VenueEvent) -> None:
        """Record a fact and apply it."""
        self.account = evolve(self.account, event)
        self.events.append(event)

    def works(self, client_order_id: str) -> bool:
        """Whether the order is still working."""
        return client_order_id in self.account.working


def takeable(now: Happening, order: WorkingOrder) -> Decimal:
    """What the order may still trade: its remainder, clamped to the position when it is reduce-only."""
    if not order.request.reduce_only:
        return order.remaining
    return min(order.remaining, reducible(now.account, order.request.symbol, order.request.side))


def trade(
    now: Happening,
    order: WorkingOrder,
    quantity: Decimal,
    price: Decimal,
    liquidity: Liquidity,
    *,
    at: datetime,
    first_bar: datetime | None,
    prices: Prices,
) -> None:
    """Fill ``quantity`` of a working order at ``price``, or end the order when it cannot be paid for.

    The first fill cancels the order's siblings; reduce-only orders left without a purpose expire.
    """
    request, rules = order.request, now.rules
    if not request.reduce_only:
        broke = unaffordable(now.account, rules, request, quantity, price, prices, order.client_order_id)
        if broke:
            now.emit(Expired(at=at, client_order_id=order.client_order_id, reason=broke))
            return
    if request.stop_price is not None and not order.triggered:
        trigger(now, order, at=at, first_bar=first_bar or order.first_bar)
    left = booked(rules, request.symbol, request.side, liquidity, quantity, price)
    fill = Fill(
        trade_id=trade_id(now.account),
        order_seq=order.order_seq,
        leg=request.leg,
        symbol=request.symbol,
        side=request.side,
        price=price,
        quantity=left.quantity,
        fee=left.fee,
        liquidity=liquidity,
        executed_at=at,
    )
    executed = None if left.quantity == quantity else quantity
    name = order.client_order_id
    now.emit(Filled(at=at, client_order_id=name, fill=fill, first_bar=first_bar, executed=executed))
    cancel_siblings(now, order, at)
    expire_purposeless(now, at)


def trigger(now: Happening, order: WorkingOrder, *, at: datetime, first_bar: datetime) -> None:
    """A stop or target was touched: from now on the order is a plain one."""
    now.emit(Triggered(at=at, client_order_id=order.client_order_id, first_bar=first_bar))


def cancel_siblings(now: Happening, order: WorkingOrder, at: datetime) -> None:
    """One order of an OCO group traded: the others are cancelled."""
    group = order.request.oco_group
    if group is None:
        return
    for other in tuple(now.account.working.values()):
        if other.request.oco_group == group and other.client_order_id != order.client_order_id:
            reason = f"OCO: {order.request.leg} traded"
            now.emit(Canceled(at=at, client_order_id=other.client_order_id, reason=reason))


def expire_purposeless(now: Happening, at: datetime) -> None:
    """End reduce-only orders that have nothing left to reduce, so that none can hit a later position."""
    for other in tuple(now.account.working.values()):
        if other.request.reduce_only and not can_reduce(now.account, other.request):
            reason = "REDUCE_ONLY: nothing left to reduce"
            now.emit(Expired(at=at, client_order_id=other.client_order_id, reason=reason))


def expire(now: Happening, order: WorkingOrder, reason: str, at: datetime) -> None:
    """End an order unless it is already ended."""
    if now.works(order.client_order_id):
        now.emit(Expired(at=at, client_order_id=order.client_order_id, reason=reason))
        expire_purposeless(now, at)


def trade_id(account: Account) -> str:
    """The id of the account's next trade: ``T-000001`` and on."""
    return f"T-{account.trades + 1:06d}"
