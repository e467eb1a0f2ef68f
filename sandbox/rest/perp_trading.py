"""USD-M futures' orders, conditional orders, fills, positions and wallet."""

from sandbox.algos import Algo
from sandbox.call import Call, Table
from sandbox.exchange import Exchange
from sandbox.orders import Fill, Order
from sandbox.perp_settling import SETTLE, leverage
from sandbox.placing import algo_ticket, amount, perp_ticket
from sandbox.refusal import Refusal, mandatory, not_cancelled, unknown_order
from sandbox.shapes import perp as shape
from sandbox.units import plain, trimmed

NEW = (
    "symbol side positionSide type timeInForce quantity reduceOnly price newClientOrderId newOrderRespType priceMatch "
    "selfTradePreventionMode goodTillDate stopPrice closePosition activationPrice callbackRate workingType priceProtect"
)
ALGO = (
    "algoType symbol side positionSide type timeInForce quantity price triggerPrice workingType priceMatch closePosition "
    "priceProtect reduceOnly activatePrice callbackRate clientAlgoId newOrderRespType selfTradePreventionMode goodTillDate"
)
FIND = "symbol orderId origClientOrderId"


def fresh_id(exchange: Exchange) -> str:
    return f"sandbox{exchange.perp.next_id()}"


def place(exchange: Exchange, call: Call) -> object:
    name = call.text("symbol")
    order = exchange.perp.place(call.account, name, perp_ticket(call.params, fresh_id(exchange)), call.now)
    body = shape.order(order)
    if call.params.get("newOrderRespType", "ACK") == "ACK":
        # The acknowledgement speaks of the order as it was when it was taken in.
        zero = {"status": "NEW", "avgPrice": "0.00", "executedQty": "0", "cumQty": "0", "cumQuote": "0"}
        return {**body, **zero}
    return body


def test(exchange: Exchange, call: Call) -> object:
    exchange.perp.prepare(
        call.account, call.text("symbol"), perp_ticket(call.params, fresh_id(exchange)), call.now
    )
    return {}


def find(exchange: Exchange, call: Call) -> Order | None:
    order_id, wanted = call.integer("orderId"), call.client_id("origClientOrderId")
    symbol = call.text("symbol")
    if order_id is None and wanted is None:
        raise mandatory("orderId")
    return exchange.perp.named(call.account.name, symbol, order_id, wanted)


def query(exchange: Exchange, call: Call) -> object:
    order = find(exchange, call)
    if order is None or order.born_ms > call.now:
        raise unknown_order()
    return shape.order(order)


def cancel(exchange: Exchange, call: Call) -> object:
    order = find(exchange, call)
    if order is None or not order.open:
        raise not_cancelled()
    exchange.perp.cancel(order, call.now)
    return shape.order(order)


def modify(exchange: Exchange, call: Call) -> object:
    """A new price and size for an open limit order, which goes to the end of the queue and may trade at once."""
    order = find(exchange, call)
    if order is None or not order.open or order.type != "LIMIT":
        raise not_cancelled()
    price, quantity = (
        amount(call.params, "price", required=True),
        amount(call.params, "quantity", required=True),
    )
    market = exchange.perp.market(order.symbol)
    market.symbol.check_price(price)
    market.symbol.check_distance(order.side, price, market.book.mid)
    market.symbol.check_quantity(quantity)
    if (price, quantity) == (order.price, order.quantity):
        raise Refusal(-5027, "No need to modify the order.")
    if quantity <= order.executed:
        raise Refusal(-5026, "Exceed maximum modify order limit.")
    before = order.price, order.quantity
    market.book.leave(order)
    order.price, order.quantity = price, quantity
    if not order.reduce_only and exchange.margin.available(call.account) < 0:
        order.price, order.quantity = before
        market.book.rest(order)
        raise Refusal(-2019, "Margin is insufficient.")
    exchange.perp.report("AMENDMENT", order, None, call.now)
    exchange.perp.enter(order, market.book.sweep(order.side, order.price, order.remaining), call.now)
    return shape.order(order)


def cancel_all(exchange: Exchange, call: Call) -> object:
    for order in exchange.perp.open_orders(
        call.account.name, exchange.perp.market(call.text("symbol")).symbol.name
    ):
        exchange.perp.cancel(order, call.now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_orders(exchange: Exchange, call: Call) -> object:
    symbol = call.params.get("symbol")
    if symbol is not None:
        exchange.perp.market(symbol)
    return [
        shape.order(order)
        for order in exchange.perp.open_orders(call.account.name, symbol)
        if order.born_ms <= call.now
    ]


def open_order(exchange: Exchange, call: Call) -> object:
    order = find(exchange, call)
    if order is None or not order.open or order.born_ms > call.now:
        raise unknown_order()
    return shape.order(order)


def all_orders(exchange: Exchange, call: Call) -> object:
    symbol = exchange.perp.market(call.text("symbol")).symbol.name
    first, start, end = call.integer("orderId"), call.integer("startTime", 0), call.integer("endTime")
    found = [
        order for order in exchange.perp.orders.values()
        if order.account == call.account.name and order.symbol == symbol and order.born_ms <= call.now
        and order.time_ms >= (start or 0) and (end is None or order.time_ms <= end) and (first is None or order.id >= first)
    ]  # fmt: skip
    return [shape.order(order) for order in found[-call.limit(500, 1_000) :]]


def user_trades(exchange: Exchange, call: Call) -> object:
    symbol = exchange.perp.market(call.text("symbol")).symbol.name
    order_id, first = call.integer("orderId"), call.integer("fromId")
    start, end, limit = call.integer("startTime", 0), call.integer("endTime"), call.limit(500, 1_000)

    def wanted(fill: Fill) -> bool:
        mine = fill.account == call.account.name and fill.symbol == symbol
        inside = fill.time_ms >= (start or 0) and (end is None or fill.time_ms <= end)
        return mine and inside and order_id in (None, fill.order_id) and (first is None or fill.id >= first)

    found = [fill for fill in exchange.perp.fills if wanted(fill)]
    return [shape.trade(fill) for fill in (found[:limit] if first is not None or start else found[-limit:])]


def place_algo(exchange: Exchange, call: Call) -> object:
    ticket = algo_ticket(call.params, fresh_id(exchange))
    return shape.algo(exchange.algos.place(call.account, call.text("symbol"), ticket, call.now))


def find_algo(exchange: Exchange, call: Call) -> Algo:
    algo_id, wanted = call.integer("algoId"), call.client_id("clientAlgoId")
    if algo_id is None and wanted is None:
        raise mandatory("algoId")
    return exchange.algos.find(call.account.name, algo_id, wanted)


def query_algo(exchange: Exchange, call: Call) -> object:
    algo = find_algo(exchange, call)
    if algo.born_ms > call.now:
        raise unknown_order()
    return shape.algo(algo)


def cancel_algo(exchange: Exchange, call: Call) -> object:
    algo = find_algo(exchange, call)
    if algo.status != "NEW":
        raise not_cancelled()
    exchange.algos.cancel(algo, call.now)
    return {"algoId": algo.id, "clientAlgoId": algo.ticket.client_id, "code": "200", "msg": "success"}


def cancel_all_algos(exchange: Exchange, call: Call) -> object:
    for algo in exchange.algos.open(call.account.name, call.text("symbol")):
        exchange.algos.cancel(algo, call.now)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_algos(exchange: Exchange, call: Call) -> object:
    waiting = exchange.algos.open(call.account.name, call.params.get("symbol"))
    return [shape.algo(one) for one in waiting if one.born_ms <= call.now]


def all_algos(exchange: Exchange, call: Call) -> object:
    symbol = exchange.perp.market(call.text("symbol")).symbol.name
    mine = [
        one
        for one in exchange.algos.all.values()
        if (one.account, one.symbol) == (call.account.name, symbol) and one.born_ms <= call.now
    ]
    return [shape.algo(one) for one in mine[-call.limit(500, 1_000) :]]


def account(exchange: Exchange, call: Call) -> object:
    return shape.account(exchange, call.account, call.now)


def balance(exchange: Exchange, call: Call) -> object:
    return shape.balance(exchange, call.account, call.now)


def positions(exchange: Exchange, call: Call) -> object:
    """Version 3: positions that are held."""
    return rows(exchange, call, everything=False)


def all_positions(exchange: Exchange, call: Call) -> object:
    """Version 2: every symbol, held or flat."""
    return rows(exchange, call, everything=True)


def rows(exchange: Exchange, call: Call, *, everything: bool) -> list[dict[str, object]]:
    symbol = call.params.get("symbol")
    names = [exchange.perp.market(symbol).symbol.name] if symbol else list(exchange.perp.markets)
    found = [(name, exchange.margin.position(call.account.name, name)) for name in names]
    return [
        shape.position(exchange, call.account, name, one) for name, one in found if everything or one.amount
    ]


def set_leverage(exchange: Exchange, call: Call) -> object:
    symbol = exchange.perp.market(call.text("symbol")).symbol.name
    wanted = call.integer("leverage")
    if wanted is None or not 1 <= wanted <= 125:
        raise Refusal(-4028, f"Leverage {wanted} is not valid")
    call.account.leverage[symbol] = wanted
    return {"leverage": wanted, "maxNotionalValue": "100000000", "symbol": symbol}


def set_margin_type(exchange: Exchange, call: Call) -> object:
    exchange.perp.market(call.text("symbol"))
    if call.text("marginType") == "CROSSED":
        raise Refusal(-4046, "No need to change margin type.")
    raise Refusal(-4168, "Unable to adjust to isolated-margin mode: this exchange keeps cross margin alone.")


def position_mode(exchange: Exchange, call: Call) -> object:
    return {"dualSidePosition": False}


def set_position_mode(exchange: Exchange, call: Call) -> object:
    if call.text("dualSidePosition").lower() == "false":
        raise Refusal(-4059, "No need to change position side.")
    raise Refusal(-4068, "Position side cannot be changed: this exchange keeps one position a symbol.")


def brackets(exchange: Exchange, call: Call) -> object:
    wanted = call.params.get("symbol")
    names = [exchange.perp.market(wanted).symbol.name] if wanted else list(exchange.perp.markets)
    return [
        {
            "symbol": name, "notionalCoef": 1.0,
            "brackets": [
                {
                    "bracket": 1, "initialLeverage": 125, "notionalCap": 100_000_000, "notionalFloor": 0,
                    "maintMarginRatio": exchange.perp.market(name).symbol.maintenance_ppm / 1_000_000, "cum": 0.0,
                }
            ],
        }
        for name in names
    ]  # fmt: skip


def income(exchange: Exchange, call: Call) -> object:
    kind, start, end = call.params.get("incomeType"), call.integer("startTime", 0), call.integer("endTime")
    wallet, symbol = call.account.perp, call.params.get("symbol")
    found = []
    for entry in exchange.ledger.entries:
        gain = entry.units if entry.target == wallet else -entry.units if entry.source == wallet else 0
        name = entry.reference.split(":")[0]
        if not gain or kind not in (None, entry.reason) or symbol not in (None, name):
            continue
        if entry.time_ms >= (start or 0) and (end is None or entry.time_ms <= end):
            row = {
                "symbol": name,
                "incomeType": entry.reason,
                "income": trimmed(gain),
                "asset": SETTLE,
                "info": entry.reference,
            }
            found.append({**row, "time": entry.time_ms, "tranId": entry.number, "tradeId": ""})
    return found[-call.limit(100, 1_000) :]


def commission(exchange: Exchange, call: Call) -> object:
    user = call.account
    symbol = exchange.perp.market(call.text("symbol")).symbol.name
    return {
        "symbol": symbol,
        "makerCommissionRate": plain(user.perp_maker_ppm * 100, 6),
        "takerCommissionRate": plain(user.perp_taker_ppm * 100, 6),
    }


def symbol_config(exchange: Exchange, call: Call) -> object:
    wanted = call.params.get("symbol")
    names = [exchange.perp.market(wanted).symbol.name] if wanted else list(exchange.perp.markets)
    return [
        {
            "symbol": name, "marginType": "CROSSED", "isAutoAddMargin": False, "leverage": leverage(call.account, name),
            "maxNotionalValue": "100000000",
        }
        for name in names
    ]  # fmt: skip


def account_config(exchange: Exchange, call: Call) -> object:
    return {
        "feeTier": 0, "canTrade": True, "canDeposit": True, "canWithdraw": call.account.withdrawals,
        "dualSidePosition": False, "updateTime": call.now, "multiAssetsMargin": False, "tradeGroupId": -1,
    }  # fmt: skip


def multi_assets(exchange: Exchange, call: Call) -> object:
    return {"multiAssetsMargin": False}


PERIOD = "startTime endTime limit"
V = "GET /fapi/"
TABLE = Table("perp")
TABLE.add("POST /fapi/v1/order", place, NEW, 0, "signed", orders=1, api="order.place")
TABLE.add("POST /fapi/v1/order/test", test, NEW, 0, "signed")
TABLE.add("GET /fapi/v1/order", query, FIND, 1, "signed", api="order.status")
TABLE.add("DELETE /fapi/v1/order", cancel, FIND, 1, "signed", api="order.cancel")
TABLE.add(
    "PUT /fapi/v1/order",
    modify,
    FIND + " side quantity price priceMatch",
    1,
    "signed",
    orders=1,
    api="order.modify",
)
TABLE.add("DELETE /fapi/v1/allOpenOrders", cancel_all, "symbol", 1, "signed")
TABLE.add("GET /fapi/v1/openOrders", open_orders, "symbol", 1, "signed")
TABLE.add("GET /fapi/v1/openOrder", open_order, FIND, 1, "signed")
TABLE.add("GET /fapi/v1/allOrders", all_orders, "symbol orderId " + PERIOD, 5, "signed")
TABLE.add("GET /fapi/v1/userTrades", user_trades, "symbol orderId fromId " + PERIOD, 5, "signed")
TABLE.add("POST /fapi/v1/algoOrder", place_algo, ALGO, 0, "signed", orders=1, api="algoOrder.place")
TABLE.add("GET /fapi/v1/algoOrder", query_algo, "symbol algoId clientAlgoId", 1, "signed")
TABLE.add(
    "DELETE /fapi/v1/algoOrder",
    cancel_algo,
    "symbol algoId clientAlgoId",
    1,
    "signed",
    api="algoOrder.cancel",
)
TABLE.add("DELETE /fapi/v1/algoOpenOrders", cancel_all_algos, "symbol", 1, "signed")
TABLE.add("GET /fapi/v1/openAlgoOrders", open_algos, "symbol algoType algoId", 1, "signed")
TABLE.add("GET /fapi/v1/allAlgoOrders", all_algos, "symbol algoId page " + PERIOD, 5, "signed")
for version, api in (("v2", "account."), ("v3", "v2/account.")):
    TABLE.add(f"{V}{version}/account", account, "", 5, "signed", api=api + "status")
    TABLE.add(f"{V}{version}/balance", balance, "", 5, "signed", api=api + "balance")
TABLE.add(V + "v2/positionRisk", all_positions, "symbol", 5, "signed", api="account.position")
TABLE.add(V + "v3/positionRisk", positions, "symbol", 5, "signed", api="v2/account.position")
TABLE.add("POST /fapi/v1/leverage", set_leverage, "symbol leverage", 1, "signed")
TABLE.add("POST /fapi/v1/marginType", set_margin_type, "symbol marginType", 1, "signed")
TABLE.add(V + "v1/positionSide/dual", position_mode, "", 30, "signed")
TABLE.add("POST /fapi/v1/positionSide/dual", set_position_mode, "dualSidePosition", 1, "signed")
TABLE.add(V + "v1/leverageBracket", brackets, "symbol", 1, "signed")
TABLE.add(V + "v1/income", income, "symbol incomeType page " + PERIOD, 30, "signed")
TABLE.add(V + "v1/commissionRate", commission, "symbol", 20, "signed")
TABLE.add(V + "v1/symbolConfig", symbol_config, "symbol", 5, "signed")
TABLE.add(V + "v1/accountConfig", account_config, "", 5, "signed")
TABLE.add(V + "v1/multiAssetsMargin", multi_assets, "", 30, "signed")
