"""An account as the exchange tells it over REST: Binance's rows, amounts as text."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from simulator.exchange.book import FINAL, Exchange, Order
from simulator.exchange.strangers import Strangers

BASE, QUOTE = "BTC", "USDT"
Asked = Mapping[str, str]
Rows = list[dict[str, Any]]


def _orders(exchange: Exchange, strangers: Strangers, asked: Asked) -> Rows:
    return [_order(order) for order in (*exchange.orders, *strangers.orders)]


def _open(exchange: Exchange, strangers: Strangers, asked: Asked) -> Rows:
    return [_order(order) for order in (*exchange.orders, *strangers.orders) if order.status not in FINAL]


def _one(exchange: Exchange, strangers: Strangers, asked: Asked) -> dict[str, Any]:
    number = int(asked["orderId"])
    return next(_order(order) for order in (*exchange.orders, *strangers.orders) if order.number == number)


def _trades(exchange: Exchange, strangers: Strangers, asked: Asked) -> Rows:
    first, most = int(asked["fromId"]), int(asked["limit"])
    found = (_trade(trade) for trade in (*exchange.trades, *strangers.trades))
    return sorted((row for row in found if row["id"] >= first), key=lambda row: int(row["id"]))[:most]


def _account(exchange: Exchange, strangers: Strangers, asked: Asked) -> dict[str, Any]:
    held = {BASE: exchange.base + strangers.base, QUOTE: exchange.cash + strangers.cash}
    return {
        "balances": [{"asset": name, "free": _text(amount), "locked": "0.0"} for name, amount in held.items()]
    }


ANSWERS: Mapping[str, Callable[[Exchange, Strangers, Asked], Any]] = {
    "allOrders": _orders,
    "openOrders": _open,
    "order": _one,
    "myTrades": _trades,
    "account": _account,
}
"""By the last part of the path."""


def _order(order: Order) -> dict[str, Any]:
    return {"orderId": order.number, "clientOrderId": order.cid, "side": order.side, "status": order.status,
            "origQty": _text(order.quantity), "executedQty": _text(order.filled)}  # fmt: skip


def _trade(trade: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": int(trade["id"][1:]), "orderId": trade["order"], "isBuyer": trade["side"] == "BUY",
            "price": _text(trade["price"]), "qty": _text(trade["quantity"]), "quoteQty": _text(trade["quote"]),
            "commission": _text(trade["fee"]), "commissionAsset": QUOTE, "time": trade["at_ms"]}  # fmt: skip


def _text(units: int) -> str:
    return format(Decimal(units).scaleb(-8), "f")
