"""The venue's three verbs: place an order, cancel one, advance in time. Each returns the events that follow,
in order.

Pure and deterministic: the same account, rules and market give the same events. Whether an order meets its
first bar at once (``MarketView.next_bar``) or on a later advance changes when the fill is reported, never the
fill.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from openoutcry.market.book import Book
from openoutcry.sim.account import Account, WorkingOrder
from openoutcry.sim.bars import match_bar, meet_open
from openoutcry.sim.book import marketable, walk
from openoutcry.sim.checks import refusal
from openoutcry.sim.events import Accepted, Advanced, Canceled, Filled, Rejected, VenueEvent
from openoutcry.sim.execution import Happening, expire, expire_purposeless, takeable, trade, trade_id
from openoutcry.sim.funding import FundingRate, payment
from openoutcry.sim.latency import arrival, first_bar
from openoutcry.sim.margin import Prices
from openoutcry.sim.rules import VenueRules
from openoutcry.sim.slippage import taker_price
from openoutcry.types.market import Bar
from openoutcry.types.orders import Fill, OrderRequest
from openoutcry.types.timeframes import bar_length


@dataclass(frozen=True, slots=True)
class Ticket:
    """An order on its way to the venue: its one name, its round, what it asks, and when it was sent."""

    client_order_id: str
    order_seq: int
    request: OrderRequest
    at: datetime


@dataclass(frozen=True, slots=True)
class MarketView:
    """What the venue sees when an order arrives: last prices, the first bar if it is known, a book if it has
    one.
    """

    prices: Prices = field(default_factory=dict)
    next_bar: Bar | None = None
    book: Book | None = None


def place(account: Account, rules: VenueRules, ticket: Ticket, view: MarketView) -> list[VenueEvent]:
    """Take an order, or refuse it for good; fill it where the view lets it trade at once."""
    now = Happening(account, rules)
    request, cid = ticket.request, ticket.client_order_id
    price = _expected_price(rules, ticket, view)
    refused: str | None = f"NO_PRICE: no price of {request.symbol} is known"
    if price is not None:
        refused = refusal(account, rules, request, price, {**view.prices, request.symbol: price})
    if refused:
        seq = ticket.order_seq
        now.emit(Rejected(at=ticket.at, client_order_id=cid, order_seq=seq, request=request, error=refused))
        return now.events
    now.emit(
        Accepted(
            at=ticket.at,
            client_order_id=cid,
            venue_order_id=f"V-{account.orders + 1:06d}",
            order_seq=ticket.order_seq,
            request=request,
            first_bar=first_bar(rules, ticket.at),
        )
    )
    order = now.account.working[cid]
    if view.book is not None:
        _meet_book(now, order, view.book, view.prices)
    elif view.next_bar is not None and view.next_bar.opened_at == order.first_bar:
        meet_open(now, order, view.next_bar, view.prices)
    return now.events


def cancel(
    account: Account, rules: VenueRules, client_order_id: str, at: datetime, reason: str
) -> list[VenueEvent]:
    """Cancel a working order; nothing happens for any other."""
    now = Happening(account, rules)
    if now.works(client_order_id):
        now.emit(Canceled(at=at, client_order_id=client_order_id, reason=reason))
        expire_purposeless(now, at)
    return now.events


def advance(
    account: Account,
    rules: VenueRules,
    bars: Mapping[str, Iterable[Bar]],
    funding: Iterable[FundingRate],
    as_of: datetime,
    prices: Prices,
) -> list[VenueEvent]:
    """Match all bars closed by ``as_of`` that were not matched yet, and pay the funding due. Twice is the
    same as once.

    ``prices`` are the last closes before the first of these bars. Bars already matched, and funding up to the
    account's last advance, are passed over.
    """
    now = Happening(account, rules)
    length, marks = bar_length(rules.timeframe), dict(prices)
    due: list[tuple[datetime, int, str, Bar | FundingRate]] = []
    for symbol, series in bars.items():
        start = account.cursors.get(symbol)
        closed = (bar for bar in series if bar.opened_at + length <= as_of)
        due += [(bar.opened_at, 1, symbol, bar) for bar in closed if start is None or bar.opened_at >= start]
    since = account.as_of
    due += [(f.at, 0, f.symbol, f) for f in funding if f.at <= as_of and (since is None or f.at > since)]
    if not due and since is not None and as_of <= since:
        return []
    cursors: dict[str, datetime] = {}
    for _, _, symbol, item in sorted(due, key=lambda entry: entry[:3]):
        if isinstance(item, FundingRate):
            _fund(now, item, marks)
        else:
            match_bar(now, symbol, item, marks)
            cursors[symbol] = item.opened_at + length
    now.emit(Advanced(at=max(as_of, since or as_of), cursors=cursors))
    return now.events


def _expected_price(rules: VenueRules, ticket: Ticket, view: MarketView) -> Decimal | None:
    """The price the order would trade at now, costs included: the book's best, the next open, else the last
    close.
    """
    request = ticket.request
    if view.book is not None:
        levels = walk(view.book, request.side, request.quantity, request.price)
        return levels[-1].price if levels else view.prices.get(request.symbol)
    seen = view.next_bar.open if view.next_bar is not None else view.prices.get(request.symbol)
    return (
        None
        if seen is None
        else taker_price(rules, request.side, seen, f"{ticket.order_seq}:{request.leg}:0")
    )


def _meet_book(now: Happening, order: WorkingOrder, book: Book, prices: Prices) -> None:
    """Take from the book what the order may; what an immediate or market order does not get ends at once."""
    request, at = order.request, arrival(now.rules, order.placed_at)
    wanted = takeable(now, order)
    levels = walk(book, request.side, wanted, request.price) if marketable(book, request) else []
    whole = sum((level.quantity for level in levels), Decimal(0)) == wanted
    if request.time_in_force == "FOK" and not whole:
        levels = []
    for level in levels:
        if now.works(order.client_order_id):
            current = now.account.working[order.client_order_id]
            trade(now, current, level.quantity, level.price, "taker", at=at, first_bar=None, prices=prices)
    if request.type == "MARKET" or request.time_in_force != "GTC":
        expire(now, order, "LIQUIDITY: the book did not hold the rest", at)


def _fund(now: Happening, due: FundingRate, marks: Mapping[str, Decimal]) -> None:
    held = now.account.holdings.get(due.symbol)
    if held is None:
        return
    price = marks.get(due.symbol, abs(held.cost / held.quantity))
    fill = Fill(
        kind="FUNDING",
        trade_id=trade_id(now.account),
        order_seq=None,
        leg=None,
        symbol=due.symbol,
        side="BUY" if held.quantity > 0 else "SELL",
        price=price,
        quantity=Decimal(0),
        fee=payment(held.quantity, price, due.rate),
        executed_at=due.at,
    )
    now.emit(Filled(at=due.at, client_order_id=None, fill=fill))
