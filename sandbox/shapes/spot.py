"""Spot's JSON: fixed eight decimals, times in milliseconds."""

from sandbox.accounts import Account
from sandbox.ledger import Ledger
from sandbox.orders import Fill, Order
from sandbox.pairs import Pair
from sandbox.units import plain
from sandbox.venue import Report

STP = "EXPIRE_MAKER"


def core(order: Order) -> dict[str, object]:
    """The fields that every answer about an order has."""
    return {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        "price": plain(order.price),
        "origQty": plain(order.quantity),
        "executedQty": plain(order.executed),
        "origQuoteOrderQty": plain(order.quote_quantity),
        "cummulativeQuoteQty": plain(order.quote),
        "status": order.status,
        "timeInForce": order.tif,
        "type": order.type,
        "side": order.side,
    }


def queried(order: Order) -> dict[str, object]:
    return {
        **core(order),
        "stopPrice": plain(order.stop),
        "icebergQty": plain(0),
        "time": order.time_ms,
        "updateTime": order.updated_ms,
        "isWorking": order.working,
        "workingTime": order.time_ms if order.working else -1,
        "selfTradePreventionMode": STP,
    }


def placed(order: Order, detail: str) -> dict[str, object]:
    """The answer to a new order, as ACK, RESULT or FULL."""
    ack = {
        "symbol": order.symbol,
        "orderId": order.id,
        "orderListId": order.list_id,
        "clientOrderId": order.client_id,
        "transactTime": order.time_ms,
    }
    if detail == "ACK":
        return ack
    result: dict[str, object] = {**ack, **core(order), "workingTime": order.time_ms if order.working else -1}
    if order.stop:
        result["stopPrice"] = plain(order.stop)
    result["selfTradePreventionMode"] = STP
    if detail == "FULL":
        result["fills"] = [
            {
                "price": plain(fill.price),
                "qty": plain(fill.quantity),
                "commission": plain(fill.fee),
                "commissionAsset": fill.fee_asset,
                "tradeId": fill.id,
            }
            for fill in order.fills
        ]
    return result


def cancelled(order: Order, cancel_id: str) -> dict[str, object]:
    body = {
        **core(order),
        "origClientOrderId": order.client_id,
        "clientOrderId": cancel_id,
        "transactTime": order.updated_ms,
    }
    if order.stop:
        body["stopPrice"] = plain(order.stop)
    return {**body, "selfTradePreventionMode": STP}


def trade(fill: Fill) -> dict[str, object]:
    return {
        "symbol": fill.symbol,
        "id": fill.id,
        "orderId": fill.order_id,
        "orderListId": fill.list_id,
        "price": plain(fill.price),
        "qty": plain(fill.quantity),
        "quoteQty": plain(fill.quote),
        "commission": plain(fill.fee),
        "commissionAsset": fill.fee_asset,
        "time": fill.time_ms,
        "isBuyer": fill.side == "BUY",
        "isMaker": fill.maker,
        "isBestMatch": True,
    }


def pair(one: Pair, *, reports: bool) -> dict[str, object]:
    """An order list; with the orders' own answers where they are asked for."""
    executing = one.executing
    body: dict[str, object] = {
        "orderListId": one.id,
        "contingencyType": "OCO",
        "listStatusType": "EXEC_STARTED" if executing else "ALL_DONE",
        "listOrderStatus": "EXECUTING" if executing else "ALL_DONE",
        "listClientOrderId": one.client_id,
        "transactionTime": one.time_ms,
        "symbol": one.symbol,
        "orders": [
            {"symbol": leg.symbol, "orderId": leg.id, "clientOrderId": leg.client_id} for leg in one.legs
        ],
    }
    if reports:
        body["orderReports"] = [placed(leg, "RESULT") for leg in one.legs]
    return body


def account(user: Account, ledger: Ledger, now: int) -> dict[str, object]:
    maker, taker = plain(user.spot_maker_ppm * 100), plain(user.spot_taker_ppm * 100)
    return {
        "makerCommission": user.spot_maker_ppm // 100,
        "takerCommission": user.spot_taker_ppm // 100,
        "buyerCommission": 0,
        "sellerCommission": 0,
        "commissionRates": {"maker": maker, "taker": taker, "buyer": plain(0), "seller": plain(0)},
        "canTrade": True,
        "canWithdraw": user.withdrawals,
        "canDeposit": True,
        "brokered": False,
        "requireSelfTradePrevention": False,
        "preventSor": False,
        "updateTime": now,
        "accountType": "SPOT",
        "balances": balances(user, ledger),
        "permissions": ["SPOT"],
        "uid": user.uid,
    }


def balances(user: Account, ledger: Ledger) -> list[dict[str, object]]:
    return [
        {
            "asset": asset,
            "free": plain(ledger.free[user.name, asset]),
            "locked": plain(ledger.locked[user.name, asset]),
        }
        for asset in ledger.assets(user.name)
    ]


def execution_report(report: Report) -> dict[str, object]:
    """A user stream's ``executionReport``."""
    order, fill = report.order, report.fill
    cancel = report.execution == "CANCELED"
    return {
        "e": "executionReport",
        "E": report.at,
        "s": order.symbol,
        "c": f"cancel-{order.id}" if cancel else order.client_id,
        "S": order.side,
        "o": order.type,
        "f": order.tif,
        "q": plain(order.quantity),
        "p": plain(order.price),
        "P": plain(order.stop),
        "F": plain(0),
        "g": order.list_id,
        "C": order.client_id if cancel else "",
        "x": report.execution,
        "X": order.status,
        "r": "NONE",
        "i": order.id,
        "l": plain(fill.quantity if fill else 0),
        "z": plain(order.executed),
        "L": plain(fill.price if fill else 0),
        "n": plain(fill.fee if fill else 0),
        "N": fill.fee_asset if fill else None,
        "T": report.at,
        "t": fill.id if fill else -1,
        "I": order.id,
        "w": order.open and order.working,
        "m": fill.maker if fill else False,
        "M": False,
        "O": order.time_ms,
        "Z": plain(order.quote),
        "Y": plain(fill.quote if fill else 0),
        "Q": plain(order.quote_quantity),
        "W": order.time_ms,
        "V": STP,
    }


def balance_update(asset: str, units: int, at: int) -> dict[str, object]:
    """A user stream's ``balanceUpdate``: money that came or left without an order."""
    return {"e": "balanceUpdate", "E": at, "a": asset, "d": plain(units), "T": at}


def account_position(user: Account, ledger: Ledger, assets: list[str], at: int) -> dict[str, object]:
    """A user stream's ``outboundAccountPosition``: the balances that an order's event may have changed."""
    return {
        "e": "outboundAccountPosition",
        "E": at,
        "u": at,
        "B": [
            {
                "a": asset,
                "f": plain(ledger.free[user.name, asset]),
                "l": plain(ledger.locked[user.name, asset]),
            }
            for asset in assets
        ],
    }
