"""Whoever else uses the account: its owner with an app, another bot. Nothing of it is the floor's.

Kept apart from the floor's own orders, trades and money, and told by the exchange together with them.
"""

from dataclasses import dataclass, field
from typing import Any

from simulator.exchange.book import UNIT, Exchange, Order, rounded

FIRST = 10**6
"""Their orders are numbered from here."""
SMALL = 100_000
"""What they trade, in units: 0.001."""


@dataclass
class Strangers:
    """``cash`` and ``base`` are what they and moved money have added to the account."""

    exchange: Exchange
    orders: list[Order] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    cash: int = 0
    base: int = 0

    def rest(self) -> None:
        """An order that stays open, far below the market."""
        order = self._ordered("LIMIT", self._price() // 2)
        self.exchange.note("foreign_order", cid=order.cid)

    def trade(self, at_ms: int) -> None:
        """An order that is filled at once."""
        price, order = self._price(), self._ordered("MARKET", None)
        quote = rounded(price * SMALL, UNIT)
        fee = rounded(quote * self.exchange.fee_bps, 10_000)
        order.status, order.filled, order.quote = "FILLED", SMALL, quote
        self.base, self.cash = self.base + SMALL, self.cash - quote - fee
        self.exchange.numbered += 1
        trade = {"id": f"t{self.exchange.numbered}", "order": order.number, "cid": order.cid, "side": "BUY",
                 "price": price, "quantity": SMALL, "quote": quote, "fee": fee, "at_ms": at_ms}  # fmt: skip
        self.trades.append(trade)
        self.exchange.note("foreign_trade", **trade)

    def move(self, *, cash: int = 0, base: int = 0) -> None:
        """Money comes or goes, and the exchange does not say why."""
        self.cash, self.base = self.cash + cash, self.base + base
        self.exchange.note("foreign_money", cash=cash, base=base)

    def _ordered(self, kind: str, price: int | None) -> Order:
        number = FIRST + len(self.orders)
        order = Order(number, f"app-{number}", "BUY", kind, SMALL, price, None, None, False, "")
        self.orders.append(order)
        return order

    def _price(self) -> int:
        price = self.exchange.bars[max(0, self.exchange.matched - 1)][4]
        return price - price % self.exchange.tick
