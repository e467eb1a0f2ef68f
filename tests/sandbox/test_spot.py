"""Spot orders: what is accepted, what it costs, and what is refused with which code."""

from typing import Any

import pytest

from sandbox.accounts import Account
from sandbox.exchange import Exchange
from tests.sandbox.asking import Desk


@pytest.fixture
def desk(exchange: Exchange, trader: Account) -> Desk:
    return Desk(exchange, trader)


def test_a_market_order_swaps_money_to_the_unit(desk: Desk) -> None:
    before = desk.free("USDT"), desk.free("BTC")
    given = desk.order(side="BUY", type="MARKET", quantity="0.5")
    assert given["status"] == "FILLED"
    assert given["executedQty"] == "0.50000000"
    cost = sum(units(fill["price"]) * units(fill["qty"]) // 10**8 for fill in given["fills"])
    fees = sum(units(fill["commission"]) for fill in given["fills"])
    assert units(given["cummulativeQuoteQty"]) == cost
    assert (desk.free("USDT"), desk.free("BTC")) == (before[0] - cost, before[1] + 50_000_000 - fees)
    assert fees == sum(units(fill["qty"]) // 1000 for fill in given["fills"])
    assert desk.exchange.ledger.difference() == {}


def test_a_limit_order_locks_rests_and_fills_where_it_was_placed(desk: Desk) -> None:
    given = desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="59000")
    assert given["status"] == "NEW"
    assert desk.exchange.ledger.locked["trader", "USDT"] == 5_900 * 10**8
    desk.move(58_900)
    found = desk.ask("GET /api/v3/order", symbol="BTCUSDT", orderId=given["orderId"])
    assert (found["status"], found["cummulativeQuoteQty"]) == ("FILLED", "5900.00000000")
    trade = desk.ask("GET /api/v3/myTrades", symbol="BTCUSDT")[-1]
    assert (trade["isMaker"], trade["price"], trade["commissionAsset"]) == (True, "59000.00000000", "BTC")
    assert desk.exchange.ledger.locked["trader", "USDT"] == 0


def test_a_touched_level_fills_by_its_size_and_the_rest_waits(desk: Desk) -> None:
    # The best ask is a tick above the price: a bid at the ask is touched, not passed.
    given = desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="1.5", price="59000")
    desk.exchange.spot.markets["BTCUSDT"].tape.held = 59_000 * 10**8 - 10**6
    desk.exchange.clock.advance(1_000)  # type: ignore[attr-defined]
    desk.exchange.tick()
    size = desk.exchange.spot.markets["BTCUSDT"].book.house["SELL"][59_000 * 10**8]
    order = desk.exchange.spot.orders[given["orderId"]]
    assert order.executed == min(150_000_000, size)
    assert order.status == ("FILLED" if size >= 150_000_000 else "PARTIALLY_FILLED")


def test_a_client_order_id_is_unique_among_open_orders_alone(desk: Desk) -> None:
    resting = {
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.1",
        "price": "50000",
        "newClientOrderId": "mine",
    }
    first = desk.order(**resting)
    assert desk.order(**resting) == {"code": -2010, "msg": "Duplicate order sent."}
    market = {"side": "BUY", "type": "MARKET", "quantity": "0.1", "newClientOrderId": "twice"}
    assert desk.order(**market)["orderId"] != desk.order(**market)["orderId"]
    found = desk.ask("GET /api/v3/order", symbol="BTCUSDT", origClientOrderId="mine")
    assert found["orderId"] == first["orderId"]
    assert len(desk.ask("GET /api/v3/allOrders", symbol="BTCUSDT")) == 3


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"side": "BUY", "type": "MARKET", "quantity": "0.000001"}, -1013),
        ({"side": "BUY", "type": "MARKET", "quantity": "0.00002"}, -1013),
        ({"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "60000.005"}, -1013),
        ({"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "300001"}, -1013),
        ({"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "11999"}, -1013),
        ({"side": "BUY", "type": "LIMIT", "quantity": "0.1", "price": "60000"}, -1102),
        ({"side": "BUY", "type": "LIMIT", "timeInForce": "DAY", "quantity": "0.1", "price": "60000"}, -1115),
        ({"side": "LONG", "type": "MARKET", "quantity": "0.1"}, -1117),
        ({"side": "BUY", "type": "ICEBERG", "quantity": "0.1"}, -1116),
        ({"side": "BUY", "type": "MARKET", "quantity": "0.1", "price": "1"}, -1106),
        ({"side": "BUY", "type": "MARKET", "quantity": "NaN"}, -1100),
        ({"side": "BUY", "type": "MARKET", "quantity": "1e3"}, -1100),
        ({"side": "BUY", "type": "MARKET", "quantity": "-1"}, -1100),
        ({"side": "BUY", "type": "MARKET", "quantity": "1.000000001"}, -1111),
        ({"side": "BUY", "type": "MARKET", "quantity": "5"}, -2010),
        ({"side": "SELL", "type": "MARKET", "quantity": "5"}, -2010),
        ({"side": "BUY", "type": "LIMIT_MAKER", "quantity": "0.1", "price": "61000"}, -2010),
        ({"side": "SELL", "type": "STOP_LOSS", "quantity": "0.1", "stopPrice": "61000"}, -2010),
        ({"side": "BUY", "type": "MARKET", "quantity": "0.1", "newClientOrderId": "a b"}, -1100),
        ({"side": "BUY", "type": "MARKET", "quantity": "0.1", "colour": "red"}, -1104),
        ({"symbol": "XYZUSDT", "side": "BUY", "type": "MARKET", "quantity": "0.1"}, -1121),
    ],
)  # fmt: skip
def test_refusals(desk: Desk, params: dict[str, Any], code: int) -> None:
    entries = len(desk.exchange.ledger.entries)
    assert desk.order(**params)["code"] == code
    assert desk.exchange.spot.orders == {}
    assert len(desk.exchange.ledger.entries) == entries
    assert desk.exchange.ledger.locked["trader", "USDT"] == 0


def test_fill_or_kill_and_immediate_or_cancel(desk: Desk) -> None:
    killed = desk.order(side="SELL", type="LIMIT", timeInForce="FOK", quantity="0.1", price="60100")
    assert (killed["status"], killed["executedQty"]) == ("EXPIRED", "0.00000000")
    part = desk.order(side="SELL", type="LIMIT", timeInForce="IOC", quantity="2", price="60000")
    assert part["status"] in ("EXPIRED", "FILLED")
    assert desk.exchange.ledger.locked["trader", "BTC"] == 0


def test_one_cancels_the_other_and_both_share_one_lock(desk: Desk) -> None:
    given = desk.ask(
        "POST /api/v3/orderList/oco", symbol="BTCUSDT", side="SELL", quantity="1", aboveType="LIMIT_MAKER",
        abovePrice="63000", belowType="STOP_LOSS_LIMIT", belowStopPrice="58000", belowPrice="57900", belowTimeInForce="GTC",
    )  # fmt: skip
    assert desk.exchange.ledger.locked["trader", "BTC"] == 10**8
    desk.move(57_950)
    above, below = (desk.exchange.spot.orders[order["orderId"]] for order in given["orders"])
    assert (above.status, below.status) == ("CANCELED", "FILLED")
    assert desk.exchange.ledger.locked["trader", "BTC"] == 0
    listed = desk.ask("GET /api/v3/orderList", orderListId=given["orderListId"])
    assert listed["listOrderStatus"] == "ALL_DONE"
    assert desk.exchange.ledger.difference() == {}


def test_taking_back_one_leg_takes_back_the_other(desk: Desk) -> None:
    given = desk.ask(
        "POST /api/v3/orderList/oco", symbol="BTCUSDT", side="SELL", quantity="1", aboveType="LIMIT_MAKER",
        abovePrice="63000", belowType="STOP_LOSS", belowStopPrice="58000",
    )  # fmt: skip
    desk.ask("DELETE /api/v3/order", symbol="BTCUSDT", orderId=given["orders"][0]["orderId"])
    assert desk.exchange.spot.open == {}
    assert desk.exchange.ledger.locked["trader", "BTC"] == 0


def test_amend_replace_and_cancel(desk: Desk) -> None:
    given = desk.order(side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.2", price="50000")
    desk.ask("PUT /api/v3/order/amend/keepPriority", symbol="BTCUSDT", orderId=given["orderId"], newQty="0.1")
    assert desk.exchange.ledger.locked["trader", "USDT"] == 5_000 * 10**8
    swapped = desk.ask(
        "POST /api/v3/order/cancelReplace", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1",
        price="40000", cancelReplaceMode="STOP_ON_FAILURE", cancelOrderId=given["orderId"],
    )  # fmt: skip
    assert swapped["cancelResult"] == swapped["newOrderResult"] == "SUCCESS"
    assert desk.exchange.ledger.locked["trader", "USDT"] == 4_000 * 10**8
    desk.ask("DELETE /api/v3/openOrders", symbol="BTCUSDT")
    assert desk.exchange.ledger.locked["trader", "USDT"] == 0
    gone = desk.ask("DELETE /api/v3/order", symbol="BTCUSDT", orderId=given["orderId"])
    assert gone["code"] == -2011


@pytest.mark.parametrize(
    ("mode", "price", "code", "results"),
    [
        ("STOP_ON_FAILURE", "40000", -2022, ("FAILURE", "NOT_ATTEMPTED")),
        ("ALLOW_FAILURE", "40000.001", -2022, ("FAILURE", "FAILURE")),
        ("ALLOW_FAILURE", "40000", -2021, ("FAILURE", "SUCCESS")),
    ],
)
def test_a_replacement_says_what_became_of_both(
    desk: Desk, mode: str, price: str, code: int, results: tuple[str, str]
) -> None:
    said = desk.ask(
        "POST /api/v3/order/cancelReplace", symbol="BTCUSDT", side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1",
        price=price, cancelReplaceMode=mode, cancelOrderId=1,
    )  # fmt: skip
    assert (said["code"], said["data"]["cancelResult"], said["data"]["newOrderResult"]) == (code, *results)
    assert said["data"]["cancelResponse"]["code"] == -2011
    assert len(desk.exchange.spot.open) == (results[1] == "SUCCESS")


def test_fees_in_a_third_asset(desk: Desk) -> None:
    desk.account.pays_with_bnb = True
    before = desk.free("BNB")
    given = desk.order(side="BUY", type="MARKET", quantity="0.5")
    assert {fill["commissionAsset"] for fill in given["fills"]} == {"BNB"}
    assert before - desk.free("BNB") == sum(units(fill["commission"]) for fill in given["fills"])
    assert desk.free("BTC") == 250_000_000


def test_an_own_order_is_not_traded_with(desk: Desk) -> None:
    desk.exchange.deposit(desk.account, "USDT", 10**6 * 10**8)
    ask = desk.order(side="SELL", type="LIMIT", timeInForce="GTC", quantity="0.1", price="60000.01")
    house = desk.exchange.spot.markets["BTCUSDT"].book.house["SELL"][60_000 * 10**8 + 10**6]
    bid = desk.order(side="BUY", type="LIMIT", timeInForce="IOC", quantity="5", price="60000.01")
    assert desk.exchange.spot.orders[ask["orderId"]].status == "EXPIRED_IN_MATCH"
    assert units(bid["executedQty"]) == house
    assert all(not fill.maker for fill in desk.exchange.spot.fills)
    assert desk.exchange.ledger.locked["trader", "BTC"] == 0


def test_what_a_halt_and_new_filters_do(desk: Desk) -> None:
    market = desk.exchange.spot.markets["BTCUSDT"]
    market.symbol = market.symbol.changed(step="0.01", min_notional="100")
    assert desk.order(side="BUY", type="MARKET", quantity="0.015")["msg"] == "Filter failure: LOT_SIZE"
    market.symbol = market.symbol.changed(status="HALT")
    assert desk.order(side="BUY", type="MARKET", quantity="0.1")["msg"] == "Market is closed."


def test_a_voided_fill_goes_back_by_new_entries(desk: Desk) -> None:
    before = desk.free("USDT"), desk.free("BTC")
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    for fill in list(desk.exchange.spot.fills):
        desk.exchange.bust(fill.id, "BTCUSDT", desk.account)
    assert (desk.free("USDT"), desk.free("BTC")) == before


def test_a_fill_whose_coins_are_not_free_any_more_is_not_voided(desk: Desk) -> None:
    desk.order(side="BUY", type="MARKET", quantity="0.01")
    fill = desk.exchange.spot.fills[-1]
    held = f"{desk.free('BTC') // 1_000 * 1_000 / 10**8:.5f}"
    resting = desk.order(side="SELL", type="LIMIT", timeInForce="GTC", quantity=held, price="61000")
    entries = len(desk.exchange.ledger.entries)
    with pytest.raises(ValueError, match="not free any more"):
        desk.exchange.bust(fill.id, "BTCUSDT", desk.account)
    assert len(desk.exchange.ledger.entries) == entries
    desk.move(61_500)
    assert desk.exchange.spot.orders[resting["orderId"]].status == "FILLED"


def units(text: str) -> int:
    whole, _, part = text.partition(".")
    return int(whole) * 10**8 + int(part.ljust(8, "0"))
