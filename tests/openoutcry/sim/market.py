"""A small market to match against: builders for bars and orders, and a venue that keeps its events."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from openoutcry.market.book import Book
from openoutcry.orders import client_order_id
from openoutcry.sim.account import Account, evolve
from openoutcry.sim.engine import MarketView, Ticket, advance, cancel, place
from openoutcry.sim.events import Canceled, Expired, Filled, Opened, Rejected, VenueEvent
from openoutcry.sim.funding import FundingRate
from openoutcry.sim.rules import VenueRules
from openoutcry.types.market import Bar
from openoutcry.types.orders import Fill, OrderRequest

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
T0 = datetime(2023, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)
SESSION = "6b1c2f1e-4a43-5d4b-8a53-0d3a7c9a1f10"
D = Decimal
PLAIN = VenueRules(seed=7, timeframe="1h", half_spread_bps=D(0), slippage_bps=D(0))
"""No spread and no slippage: prices in tests are the market's."""


def bar(hour: int, open_: float, high: float, low: float, close: float, volume: float = 1000) -> Bar:
    prices = {"open": str(open_), "high": str(high), "low": str(low), "close": str(close)}
    return Bar.model_validate({"opened_at": T0 + hour * HOUR, "volume": str(volume), **prices})


def flat(hour: int, price: float, volume: float = 1000) -> Bar:
    return bar(hour, price, price, price, price, volume)


def order(leg: str, side: str, kind: str, quantity: str, **more: Any) -> OrderRequest:
    base = {"leg": leg, "symbol": SPOT, "side": side, "type": kind, "quantity": quantity}
    return OrderRequest.model_validate(base | more)


class Market:
    """One account at the simulated venue, and everything that happened to it."""

    def __init__(self, capital: int = 10_000, rules: VenueRules = PLAIN) -> None:
        self.rules = rules
        self.account = Account()
        self.events: list[VenueEvent] = []
        self.prices: dict[str, Decimal] = {}
        self._keep([Opened(at=T0, account=SESSION, quote_asset="USDT", capital=D(capital), rules=rules)])

    def _keep(self, events: Sequence[VenueEvent]) -> list[VenueEvent]:
        for event in events:
            self.account = evolve(self.account, event)
        self.events += events
        return list(events)

    def place(
        self,
        request: OrderRequest,
        *,
        hour: float = 0,
        seq: int = 1,
        next_bar: Bar | None = None,
        book: Book | None = None,
        price: float | None = 100,
    ) -> list[VenueEvent]:
        prices = dict(self.prices) if price is None else {**self.prices, request.symbol: D(str(price))}
        ticket = Ticket(client_order_id(SESSION, seq, request.leg), seq, request, T0 + hour * HOUR)
        return self._keep(place(self.account, self.rules, ticket, MarketView(prices, next_bar, book)))

    def cancel(self, leg: str, *, hour: float = 0, seq: int = 1) -> list[VenueEvent]:
        cid = client_order_id(SESSION, seq, leg)
        return self._keep(cancel(self.account, self.rules, cid, T0 + hour * HOUR, "REQUESTED"))

    def advance(
        self, hour: float, *bars: Bar, perp: Sequence[Bar] = (), funding: Sequence[FundingRate] = ()
    ) -> list[VenueEvent]:
        series = {SPOT: bars, PERP: tuple(perp)}
        events = advance(self.account, self.rules, series, funding, T0 + hour * HOUR, self.prices)
        self.prices |= {symbol: found[-1].close for symbol, found in series.items() if found}
        return self._keep(events)


def fills(events: Sequence[VenueEvent]) -> list[Fill]:
    return [event.fill for event in events if isinstance(event, Filled)]


def prices(events: Sequence[VenueEvent]) -> list[tuple[str | None, Decimal]]:
    """Leg and price of each fill."""
    return [(fill.leg, fill.price) for fill in fills(events)]


def ended(events: Sequence[VenueEvent]) -> list[tuple[str, str]]:
    """How orders ended other than by filling: kind of event, and the first word of the reason."""
    out: list[tuple[str, str]] = []
    for event in events:
        if isinstance(event, Canceled | Expired):
            out.append((event.kind, event.reason.partition(":")[0]))
        elif isinstance(event, Rejected):
            out.append((event.kind, event.error.partition(":")[0]))
    return out
