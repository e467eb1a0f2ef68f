"""The venue's own state of one account: cash, net holdings, working orders. ``evolve`` applies one event.

The venue knows one net holding per symbol, whatever roles the portfolio distinguishes. Costs are exact quote
totals, so cash and holdings conserve to the smallest unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import assert_never

from openoutcry.orders import signed
from openoutcry.sim.events import (
    Accepted,
    Advanced,
    Canceled,
    Expired,
    Filled,
    Opened,
    Rejected,
    Reported,
    Triggered,
    VenueEvent,
)
from openoutcry.types.amounts import cents
from openoutcry.types.orders import Fill, OrderRequest
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Holding:
    """Signed net quantity, and what it cost (positive when quote was spent on it, negative when it brought
    some).
    """

    quantity: Decimal = ZERO
    cost: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class WorkingOrder:
    """An order the venue still works on. ``first_bar`` is the open time of the first bar it may trade in."""

    client_order_id: str
    venue_order_id: str
    order_seq: int
    request: OrderRequest
    placed_at: datetime
    first_bar: datetime
    filled: Decimal = ZERO
    fills: int = 0
    triggered: bool = False

    @property
    def remaining(self) -> Decimal:
        """Quantity not filled yet."""
        return self.request.quantity - self.filled


@dataclass(frozen=True, slots=True)
class Account:
    """One account at the venue. ``cursors`` holds, per symbol, the open time of the first bar not matched
    yet.
    """

    quote_asset: str = ""
    cash: Decimal = ZERO
    holdings: Mapping[str, Holding] = field(default_factory=dict)
    working: Mapping[str, WorkingOrder] = field(default_factory=dict)
    cursors: Mapping[str, datetime] = field(default_factory=dict)
    as_of: datetime | None = None
    orders: int = 0
    trades: int = 0

    def quantity(self, symbol: str) -> Decimal:
        """Signed net quantity held of a symbol."""
        held = self.holdings.get(symbol)
        return held.quantity if held else ZERO

    @property
    def idle(self) -> bool:
        """True when the passing of time can change nothing: no working order, no perpetual held."""
        return not self.working and not any(is_perp(symbol) for symbol in self.holdings)


def is_perp(symbol: str) -> bool:
    """Whether a canonical symbol is a perpetual."""
    return parse_symbol(symbol).kind == "perp"


def evolve(account: Account, event: VenueEvent) -> Account:
    """The account after one event."""
    match event:
        case Opened():
            return Account(quote_asset=event.quote_asset, cash=event.capital, as_of=event.at)
        case Accepted():
            return _accepted(account, event)
        case Rejected() | Reported():
            return account
        case Triggered():
            order = account.working[event.client_order_id]
            return _with(account, replace(order, triggered=True, first_bar=event.first_bar))
        case Filled():
            return _filled(account, event)
        case Canceled() | Expired():
            return _without(account, event.client_order_id)
        case Advanced():
            return replace(account, as_of=event.at, cursors={**account.cursors, **event.cursors})
        case _:
            assert_never(event)


def _accepted(account: Account, event: Accepted) -> Account:
    order = WorkingOrder(
        client_order_id=event.client_order_id,
        venue_order_id=event.venue_order_id,
        order_seq=event.order_seq,
        request=event.request,
        placed_at=event.at,
        first_bar=event.first_bar,
    )
    if account.idle:  # nothing could happen until now, so the bars up to here need no matching
        account = replace(account, cursors={}, as_of=max(account.as_of or event.at, event.at))
    return _with(replace(account, orders=account.orders + 1), order)


def _filled(account: Account, event: Filled) -> Account:
    fill = event.fill
    account = replace(account, trades=account.trades + 1)
    if fill.kind == "FUNDING":
        return replace(account, cash=account.cash - cents(fill.fee))
    account = _settled(account, fill)
    if event.client_order_id is None:
        return account
    order = account.working[event.client_order_id]
    order = replace(
        order,
        filled=order.filled + event.traded,
        fills=order.fills + 1,
        first_bar=event.first_bar or order.first_bar,
    )
    return _without(account, order.client_order_id) if order.remaining == 0 else _with(account, order)


def _settled(account: Account, fill: Fill) -> Account:
    """Move cash and the net holding: spot exchanges quote for base, a perpetual settles what it closes."""
    change, notional = signed(fill.side, fill.quantity), cents(fill.price * fill.quantity)
    held = account.holdings.get(fill.symbol, Holding())
    spent = signed(fill.side, notional)
    closing = min(abs(change), abs(held.quantity)) if held.quantity * change < 0 else ZERO
    released = held.cost if closing == abs(held.quantity) else cents(held.cost * closing / abs(held.quantity))
    returned = spent if closing == abs(change) else signed(fill.side, cents(fill.price * closing))
    profit = -released - returned
    after = Holding(held.quantity + change, held.cost - released + spent - returned)
    moved = profit if is_perp(fill.symbol) else -spent
    holdings = {symbol: h for symbol, h in account.holdings.items() if symbol != fill.symbol}
    if after.quantity != 0:
        holdings[fill.symbol] = after
    return replace(account, cash=account.cash + moved - cents(fill.fee), holdings=holdings)


def _with(account: Account, order: WorkingOrder) -> Account:
    return replace(account, working={**account.working, order.client_order_id: order})


def _without(account: Account, client_order_id: str) -> Account:
    return replace(account, working={k: v for k, v in account.working.items() if k != client_order_id})
