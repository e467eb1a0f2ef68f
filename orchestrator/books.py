"""What happens to a session's money and orders within one record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from openoutcry.episodes import Booking
from openoutcry.order_states import moved
from openoutcry.portfolio import apply
from openoutcry.ports import AccountSync
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.market import Instrument
from openoutcry.types.orders import FINAL, Fill, OrderRequest, OrderState, WorkingOrder
from openoutcry.types.record import VenueNews

Key = tuple[int, str]
"""An order within its session: the round that placed it, and its leg."""
Levels = tuple[Decimal | None, Decimal | None]
"""Stop-loss and take-profit price of the position an order opens."""


@dataclass
class Books:
    """Takes in venue events: fills into the portfolio, order states over the ones they replace.

    ``trails`` are how stops of manual orders follow the price, by the record that placed them. ``sent`` are orders of this
    very record that an interrupted attempt of it has sent and this one has not asked for yet, by leg; ``left_over`` those
    of them that this one does not ask for. ``instruments`` are the venue's own rules of what is traded, as last told.
    """

    seq: int
    portfolio: Portfolio
    orders: dict[Key, WorkingOrder]
    protections: dict[Key, Levels] = field(default_factory=dict)
    trails: dict[int, float] = field(default_factory=dict)
    instruments: dict[str, Instrument] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    closed: list[Position] = field(default_factory=list)
    news: list[VenueNews] = field(default_factory=list)
    adopted: list[WorkingOrder] = field(default_factory=list)
    sent: dict[str, OrderRequest] = field(default_factory=dict)
    left_over: list[OrderRequest] = field(default_factory=list)
    _updates: dict[Key, OrderState] = field(default_factory=dict)

    def expect(self, seq: int, request: OrderRequest) -> None:
        """An order is about to be placed, or asked for again: an answer about another may have told what came of it since."""
        key = (seq, request.leg)
        state = self._updates.get(key) or OrderState(order_seq=seq, leg=request.leg, status="INTENT")
        self.orders[key] = WorkingOrder(request=request, state=state)
        self.sent.pop(request.leg, None)

    def take_in(self, leg: str) -> OrderRequest:
        """An order that was sent is not asked for: it is on its way until more is heard of it."""
        request = self.sent.pop(leg)
        state = self._updates.get((self.seq, leg)) or OrderState(order_seq=self.seq, leg=leg, status="SENT")
        self.orders[self.seq, leg] = WorkingOrder(request=request, state=state)
        self.left_over.append(request)
        return request

    def _note(self, said: OrderState) -> None:
        """Each answer tells of a stretch of the venue's past, some from before what was heard already."""
        key = (said.order_seq, said.leg)
        known = self.orders.get(key)
        before = self._updates.get(key) if known is None else known.state
        state = self._updates[key] = said if before is None else moved(before, said)
        if known is not None:
            self.orders[key] = WorkingOrder(request=known.request, state=state)

    def book(self, cause: str, news: AccountSync) -> None:
        """Take in what the venue reported when asked ``cause``. Raises VenueError for a fill of more than is held."""
        if news.fills or news.orders:
            self.news.append(VenueNews(cause=cause, fills=len(news.fills), orders=news.orders))
        self.sent |= {request.leg: request for request in news.sent}
        self.instruments |= {one.symbol: one for one in news.instruments}
        for order in news.adopted:
            if (key := (order.state.order_seq, order.state.leg)) not in self.orders:
                self.orders[key] = order
                self.adopted.append(order)
        for state in news.orders:
            self._note(state)
        for fill in news.fills:
            self.portfolio, closed = apply(self.portfolio, fill, self._booking(fill))
            self.fills.append(fill)
            self.closed.extend(closed)

    def valued(self, marks: Mapping[str, Decimal]) -> dict[str, Decimal]:
        """``marks``, and for what is held and has no good price yet, the price of its last fill here or what it cost.

        An order of which nobody knew for a while fills in a round without data: its record is written all the same.
        """
        found = {p.symbol: p.entry_price for p in self.portfolio.positions}
        held = set(found)
        found |= {
            fill.symbol: fill.price for fill in self.fills if fill.symbol in held and fill.kind == "TRADE"
        }
        return {**found, **marks}

    def state(self, seq: int, leg: str) -> OrderState:
        """Where an order expected here stands."""
        return self.orders[seq, leg].state

    def working(self) -> tuple[WorkingOrder, ...]:
        """The orders that may still execute, in order."""
        return tuple(
            self.orders[key] for key in sorted(self.orders) if self.orders[key].state.status not in FINAL
        )

    def updates(self) -> tuple[OrderState, ...]:
        """The last state of every order something was heard of, in order."""
        return tuple(self._updates[key] for key in sorted(self._updates))

    def _booking(self, fill: Fill) -> Booking:
        if fill.order_seq is None or fill.leg is None:
            return Booking(seq=self.seq)
        key = (fill.order_seq, fill.leg)
        stop, target = self.protections.get(key, (None, None))
        known = self.orders.get(key)
        return Booking(
            seq=self.seq, stop_loss=stop, take_profit=target, reason=known.request.reason if known else ""
        )
