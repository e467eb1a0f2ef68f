"""Spot's orders, fills and balances."""

from sandbox.call import Call, Table
from sandbox.exchange import Exchange
from sandbox.orders import Order
from sandbox.pairs import Pair, leg_ticket
from sandbox.placing import amount, choice, client_id, spot_ticket
from sandbox.refusal import Refusal, mandatory, no_list, not_cancelled, unknown_order
from sandbox.shapes import spot as shape

NEW = (
    "symbol side type timeInForce quantity quoteOrderQty price newClientOrderId stopPrice newOrderRespType "
    "selfTradePreventionMode"
)
FIND = "symbol orderId origClientOrderId"


def fresh_id(exchange: Exchange) -> str:
    """The client order id of an order that came without one."""
    return f"sandbox{exchange.spot.next_id()}"


def detail(call: Call, kind: str) -> str:
    text = call.params.get("newOrderRespType", "FULL" if kind in ("MARKET", "LIMIT") else "ACK")
    if text not in ("ACK", "RESULT", "FULL"):
        raise Refusal(-1130, "Data sent for parameter 'newOrderRespType' is not valid.")
    return text


def place(exchange: Exchange, call: Call) -> object:
    ticket = spot_ticket(call.params, fresh_id(exchange))
    asked = detail(call, ticket.type)
    order = exchange.spot.place(call.account, call.text("symbol"), ticket, call.now)
    return shape.placed(order, asked)


def test(exchange: Exchange, call: Call) -> object:
    """Every check but the money's, and no order."""
    exchange.spot.prepare(
        call.account, call.text("symbol"), spot_ticket(call.params, fresh_id(exchange)), call.now
    )
    return {}


def find(exchange: Exchange, call: Call, prefix: str = "") -> Order | None:
    """The order of an id or of a client id; ``prefix`` is what their names begin with."""
    order_id = call.integer(f"{prefix}OrderId" if prefix else "orderId")
    name = f"{prefix}OrigClientOrderId" if prefix else "origClientOrderId"
    wanted = call.client_id(name)
    if order_id is None and wanted is None:
        raise mandatory(name)
    return exchange.spot.named(call.account.name, call.text("symbol"), order_id, wanted)


def query(exchange: Exchange, call: Call) -> object:
    order = find(exchange, call)
    if order is None or order.born_ms > call.now:
        raise unknown_order()
    return shape.queried(order)


def cancel(exchange: Exchange, call: Call) -> object:
    order = find(exchange, call)
    if order is None or not order.open:
        raise not_cancelled()
    exchange.spot.cancel(order, call.now)
    if order.list_id in exchange.spot.pairs:
        return shape.pair(exchange.spot.pairs[order.list_id], reports=True)
    return shape.cancelled(order, client_id(call.params, "newClientOrderId", fresh_id(exchange)))


def cancel_all(exchange: Exchange, call: Call) -> object:
    found = exchange.spot.open_orders(
        call.account.name, exchange.spot.market(call.text("symbol")).symbol.name
    )
    if not found:
        raise not_cancelled()
    for order in found:
        if order.open:
            exchange.spot.cancel(order, call.now)
    return [shape.cancelled(order, fresh_id(exchange)) for order in found]


def replace(exchange: Exchange, call: Call) -> object:
    """Cancel one order and place another. Raises -2021 (one of them failed) or -2022 with what became of both."""
    mode = choice(
        call.params,
        "cancelReplaceMode",
        ("STOP_ON_FAILURE", "ALLOW_FAILURE"),
        -1130,
        "Invalid cancelReplaceMode.",
    )
    ticket = spot_ticket(call.params, fresh_id(exchange))
    asked = detail(call, ticket.type)
    order = find(exchange, call, "cancel")
    cancelled = order is not None and order.open
    told: object = not_cancelled().body()
    if order is not None and cancelled:
        exchange.spot.cancel(order, call.now)
        told = shape.cancelled(order, client_id(call.params, "cancelNewClientOrderId", fresh_id(exchange)))
    elif mode == "STOP_ON_FAILURE":
        raise not_replaced("FAILURE", told, "NOT_ATTEMPTED", None)
    word = "SUCCESS" if cancelled else "FAILURE"
    try:
        fresh = exchange.spot.place(call.account, call.text("symbol"), ticket, call.now)
    except Refusal as refusal:
        raise not_replaced(word, told, "FAILURE", refusal.body()) from None
    if not cancelled:
        raise not_replaced(word, told, "SUCCESS", shape.placed(fresh, asked))
    return outcomes(word, told, "SUCCESS", shape.placed(fresh, asked))


def outcomes(cancelled: str, told: object, placed: str, fresh: object) -> dict[str, object]:
    """What became of the order that was to go and of the one that was to come."""
    return {
        "cancelResult": cancelled,
        "newOrderResult": placed,
        "cancelResponse": told,
        "newOrderResponse": fresh,
    }


def not_replaced(cancelled: str, told: object, placed: str, fresh: object) -> Refusal:
    """-2021 (409) when one half was done, -2022 when none was."""
    data = outcomes(cancelled, told, placed, fresh)
    if "SUCCESS" in (cancelled, placed):
        return Refusal(-2021, "Order cancel-replace partially failed.", 409, data)
    return Refusal(-2022, "Order cancel-replace failed.", 400, data)


def amend(exchange: Exchange, call: Call) -> object:
    """Make an order smaller, keeping its place in the queue."""
    order = find(exchange, call)
    if order is None or not order.open:
        raise not_cancelled()
    quantity = amount(call.params, "newQty", required=True)
    exchange.spot.market(order.symbol).symbol.check_quantity(quantity)
    if not order.executed < quantity < order.quantity:
        raise Refusal(-2038, "Order amend (quantity increase) is not supported.")
    exchange.spot.shrink(order, quantity, call.now)
    return {"transactTime": call.now, "executionId": order.id, "amendedOrder": shape.core(order)}


def open_orders(exchange: Exchange, call: Call) -> object:
    symbol = call.params.get("symbol")
    if symbol is not None:
        exchange.spot.market(symbol)
    return [
        shape.queried(order)
        for order in exchange.spot.open_orders(call.account.name, symbol)
        if order.born_ms <= call.now
    ]


def all_orders(exchange: Exchange, call: Call) -> object:
    symbol = exchange.spot.market(call.text("symbol")).symbol.name
    first, start, end = call.integer("orderId"), call.integer("startTime", 0), call.integer("endTime")
    found = [
        order for order in exchange.spot.orders.values()
        if order.account == call.account.name and order.symbol == symbol and order.born_ms <= call.now
        and order.time_ms >= (start or 0) and (end is None or order.time_ms <= end) and (first is None or order.id >= first)
    ]  # fmt: skip
    limit = call.limit(500, 1_000)
    return [
        shape.queried(order) for order in (found[:limit] if first is not None or start else found[-limit:])
    ]


def my_trades(exchange: Exchange, call: Call) -> object:
    symbol = exchange.spot.market(call.text("symbol")).symbol.name
    order_id, first = call.integer("orderId"), call.integer("fromId")
    start, end, limit = call.integer("startTime", 0), call.integer("endTime"), call.limit(500, 1_000)
    found = [
        fill for fill in exchange.spot.fills
        if fill.account == call.account.name and fill.symbol == symbol and fill.time_ms >= (start or 0)
        and (end is None or fill.time_ms <= end) and (order_id is None or fill.order_id == order_id)
        and (first is None or fill.id >= first)
    ]  # fmt: skip
    return [shape.trade(fill) for fill in (found[:limit] if first is not None or start else found[-limit:])]


def account(exchange: Exchange, call: Call) -> object:
    body = shape.account(call.account, exchange.ledger, call.now)
    if call.params.get("omitZeroBalances") == "true":
        rows = shape.balances(call.account, exchange.ledger)
        body["balances"] = [row for row in rows if set(str(row["free"]) + str(row["locked"])) - set("0.")]
    return body


def commission(exchange: Exchange, call: Call) -> object:
    user, none = call.account, "0.00000000"
    rates = shape.account(user, exchange.ledger, call.now)["commissionRates"]
    symbol = exchange.spot.market(call.text("symbol")).symbol.name
    zero = {"maker": none, "taker": none, "buyer": none, "seller": none}
    discount = {
        "enabledForAccount": user.pays_with_bnb,
        "enabledForSymbol": True,
        "discountAsset": "BNB",
        "discount": "0.75000000",
    }
    return {
        "symbol": symbol,
        "standardCommission": rates,
        "specialCommission": zero,
        "taxCommission": zero,
        "discount": discount,
    }


def oco(exchange: Exchange, call: Call) -> object:
    side = call.text("side")
    above = spot_ticket(leg_ticket(call.params, side, "above"), fresh_id(exchange))
    below = spot_ticket(leg_ticket(call.params, side, "below"), fresh_id(exchange))
    names = client_id(call.params, "listClientOrderId", fresh_id(exchange))
    pair = exchange.spot.place_pair(call.account, call.text("symbol"), above, below, names, call.now)
    return shape.pair(pair, reports=True)


def order_list(exchange: Exchange, call: Call) -> object:
    pair = exchange.spot.pair(
        call.account.name, call.integer("orderListId"), call.client_id("origClientOrderId")
    )
    if pair.born_ms > call.now:
        raise no_list()
    return shape.pair(pair, reports=False)


def cancel_list(exchange: Exchange, call: Call) -> object:
    pair = exchange.spot.pair(
        call.account.name, call.integer("orderListId"), call.client_id("listClientOrderId")
    )
    if not pair.executing:
        raise not_cancelled()
    exchange.spot.cancel(pair.legs[0] if pair.legs[0].open else pair.legs[1], call.now)
    return shape.pair(pair, reports=True)


def born_lists(exchange: Exchange, call: Call) -> list[Pair]:
    return [
        one
        for one in exchange.spot.pairs.values()
        if one.account == call.account.name and one.born_ms <= call.now
    ]


def lists(exchange: Exchange, call: Call) -> object:
    return [shape.pair(one, reports=False) for one in born_lists(exchange, call)]


def open_lists(exchange: Exchange, call: Call) -> object:
    return [shape.pair(one, reports=False) for one in born_lists(exchange, call) if one.executing]


LEG = "Type ClientOrderId Price StopPrice TimeInForce"
OCO = " ".join(prefix + name for prefix in ("above", "below") for name in LEG.split())
PERIOD = "startTime endTime limit"

TABLE = Table("spot")
TABLE.add("POST /api/v3/order", place, NEW, 1, "signed", orders=1, api="order.place")
TABLE.add("POST /api/v3/order/test", test, NEW + " computeCommissionRates", 1, "signed", api="order.test")
TABLE.add("GET /api/v3/order", query, FIND, 4, "signed", api="order.status")
TABLE.add("DELETE /api/v3/order", cancel, FIND + " newClientOrderId", 1, "signed", api="order.cancel")
TABLE.add("DELETE /api/v3/openOrders", cancel_all, "symbol", 1, "signed", api="openOrders.cancelAll")
TABLE.add(
    "POST /api/v3/order/cancelReplace", replace,
    NEW + " cancelReplaceMode cancelOrderId cancelOrigClientOrderId cancelNewClientOrderId", 1, "signed", orders=1,
    api="order.cancelReplace",
)  # fmt: skip
TABLE.add(
    "PUT /api/v3/order/amend/keepPriority",
    amend,
    FIND + " newQty newClientOrderId",
    4,
    "signed",
    api="order.amend.keepPriority",
)
TABLE.add("GET /api/v3/openOrders", open_orders, "symbol", 6, "signed", api="openOrders.status")
TABLE.add("GET /api/v3/allOrders", all_orders, "symbol orderId " + PERIOD, 20, "signed", api="allOrders")
TABLE.add("GET /api/v3/myTrades", my_trades, "symbol orderId fromId " + PERIOD, 20, "signed", api="myTrades")
TABLE.add("GET /api/v3/account", account, "omitZeroBalances", 20, "signed", api="account.status")
TABLE.add("GET /api/v3/account/commission", commission, "symbol", 20, "signed", api="account.commission")
TABLE.add(
    "POST /api/v3/orderList/oco",
    oco,
    "symbol side quantity listClientOrderId newOrderRespType " + OCO,
    1,
    "signed",
    orders=2,
    api="orderList.place.oco",
)
TABLE.add(
    "GET /api/v3/orderList", order_list, "orderListId origClientOrderId", 4, "signed", api="orderList.status"
)
TABLE.add(
    "DELETE /api/v3/orderList",
    cancel_list,
    "symbol orderListId listClientOrderId newClientOrderId",
    1,
    "signed",
    api="orderList.cancel",
)
TABLE.add("GET /api/v3/allOrderList", lists, "fromId " + PERIOD, 20, "signed", api="allOrderLists")
TABLE.add("GET /api/v3/openOrderList", open_lists, "", 6, "signed", api="openOrderLists.status")
