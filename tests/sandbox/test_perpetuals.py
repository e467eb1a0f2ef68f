"""Perpetuals: profit to the unit, margin, funding, liquidation, conditional orders."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from sandbox.accounts import Account
from sandbox.exchange import FUNDING_MS, Exchange
from tests.sandbox.asking import Desk

PERP = {"symbol": "BTCUSDT"}


@pytest.fixture
def desk(exchange: Exchange, trader: Account) -> Desk:
    return Desk(exchange, trader)


def order(desk: Desk, **params: Any) -> Any:
    return desk.ask("POST /fapi/v1/order", **{**PERP, "newOrderRespType": "RESULT", **params})


def algo(desk: Desk, **params: Any) -> Any:
    return desk.ask("POST /fapi/v1/algoOrder", **{**PERP, "algoType": "CONDITIONAL", **params})


def wallet(desk: Desk) -> int:
    return desk.exchange.ledger.free["trader/perp", "USDT"]


def test_a_round_trip_costs_exactly_its_loss_and_fees(desk: Desk) -> None:
    before = wallet(desk)
    order(desk, side="BUY", type="MARKET", quantity="0.9")
    desk.move(61_000)
    order(desk, side="SELL", type="MARKET", quantity="0.4")
    order(desk, side="SELL", type="MARKET", quantity="0.5")
    fills = desk.exchange.perp.fills
    bought = sum(fill.quote for fill in fills if fill.side == "BUY")
    sold = sum(fill.quote for fill in fills if fill.side == "SELL")
    assert wallet(desk) - before == sold - bought - sum(fill.fee for fill in fills)
    assert sum(fill.pnl for fill in fills) == sold - bought
    assert desk.exchange.margin.held("trader") == []
    assert desk.exchange.ledger.difference() == {}


def test_turning_a_position_around_in_one_order(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.2")
    order(desk, side="SELL", type="MARKET", quantity="0.5")
    row = desk.ask("GET /fapi/v3/positionRisk", **PERP)[0]
    assert row["positionAmt"] == "-0.3"
    assert desk.exchange.margin.position("trader", "BTCUSDT").cost < 0


def test_margin_and_reduce_only(desk: Desk) -> None:
    desk.ask("POST /fapi/v1/leverage", **PERP, leverage=1)
    assert order(desk, side="BUY", type="MARKET", quantity="1")["code"] == -2019
    assert order(desk, side="SELL", type="MARKET", quantity="0.1", reduceOnly="true")["code"] == -2022
    assert desk.ask("POST /fapi/v1/leverage", **PERP, leverage=500)["code"] == -4028
    assert order(desk, side="BUY", type="STOP_MARKET", quantity="0.1", stopPrice="70000")["code"] == -4120
    assert desk.exchange.perp.orders == {}


def held(desk: Desk) -> list[str]:
    return [row["positionAmt"] for row in desk.ask("GET /fapi/v3/positionRisk", **PERP)]


def test_a_reduce_only_order_ends_where_the_position_does(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.2")
    asked = {"side": "SELL", "quantity": "0.5", "reduceOnly": "true"}
    whole = order(desk, type="LIMIT", timeInForce="FOK", price="58000", **asked)
    assert (whole["status"], whole["executedQty"]) == ("EXPIRED", "0")
    sold = order(desk, type="MARKET", **asked)
    assert (sold["status"], sold["origQty"], sold["executedQty"]) == ("EXPIRED", "0.5", "0.2")
    assert held(desk) == []


def test_a_reduce_only_order_that_rests_ends_with_its_position(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.4")
    rests = {"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "reduceOnly": "true", "quantity": "0.3"}
    first, second = (order(desk, price=price, **rests) for price in ("61000", "62000"))
    desk.move(63_000)
    states = [
        (one["status"], one["executedQty"])
        for one in (
            desk.ask("GET /fapi/v1/order", **PERP, orderId=each["orderId"]) for each in (first, second)
        )
    ]
    assert states == [("FILLED", "0.3"), ("EXPIRED", "0.1")]
    assert held(desk) == []
    order(desk, side="BUY", type="MARKET", quantity="0.1")
    lone = order(desk, **{**rests, "quantity": "0.1"}, price="64000")
    order(desk, side="SELL", type="MARKET", quantity="0.1")
    desk.move(65_000)
    assert desk.ask("GET /fapi/v1/order", **PERP, orderId=lone["orderId"])["status"] == "EXPIRED"
    assert held(desk) == []


def test_fundings_of_before_the_opening_are_told(desk: Desk) -> None:
    rows = desk.ask("GET /fapi/v1/fundingRate", **PERP, limit=1000)
    assert rows[-1]["fundingTime"] <= desk.exchange.clock.now() < rows[-1]["fundingTime"] + FUNDING_MS
    assert {row["fundingRate"] for row in rows} == {"0.00010000"}
    assert {later["fundingTime"] - sooner["fundingTime"] for sooner, later in pairwise(rows)} == {FUNDING_MS}
    assert desk.ask("GET /fapi/v1/income", incomeType="FUNDING_FEE") == []


def test_funding_is_paid_by_longs_and_booked_as_income(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.5")
    before, mark = wallet(desk), desk.exchange.mark("BTCUSDT")
    desk.exchange.fund(desk.exchange.clock.now())
    assert before - wallet(desk) == -(-(mark * 50_000_000 // 10**8) * 100 // 1_000_000)
    income = desk.ask("GET /fapi/v1/income", incomeType="FUNDING_FEE")
    assert (len(income), income[0]["symbol"], income[0]["income"][0]) == (1, "BTCUSDT", "-")


def test_liquidation_closes_everything_and_the_house_covers_the_hole(desk: Desk) -> None:
    desk.ask("POST /fapi/v1/leverage", **PERP, leverage=125)
    order(desk, side="BUY", type="MARKET", quantity="8")
    desk.move(52_000)
    assert desk.exchange.margin.held("trader") == []
    assert wallet(desk) == 0
    closing = [one for one in desk.exchange.perp.orders.values() if one.client_id.startswith("autoclose-")]
    assert [one.status for one in closing] == ["FILLED"]
    assert desk.exchange.ledger.difference() == {}


def test_a_stop_becomes_an_order_and_a_closing_stop_closes_what_is_there(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.3")
    placed = algo(
        desk,
        side="SELL",
        type="STOP_MARKET",
        triggerPrice="58000",
        closePosition="true",
        clientAlgoId="guard",
    )
    assert algo(desk, side="SELL", type="STOP_MARKET", triggerPrice="61000", quantity="0.1")["code"] == -2021
    assert (
        algo(
            desk, side="SELL", type="STOP_MARKET", triggerPrice="57000", quantity="0.1", clientAlgoId="guard"
        )["code"]
        == -4116
    )
    desk.move(57_900)
    found = desk.ask("GET /fapi/v1/algoOrder", algoId=placed["algoId"])
    assert found["algoStatus"] == "TRIGGERED"
    assert desk.exchange.perp.orders[int(found["actualOrderId"])].executed == 30_000_000
    assert desk.exchange.margin.held("trader") == []


def test_a_closing_stop_without_a_position_expires(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.3")
    placed = algo(desk, side="SELL", type="STOP_MARKET", triggerPrice="58000", closePosition="true")
    order(desk, side="SELL", type="MARKET", quantity="0.3", reduceOnly="true")
    desk.move(60_000)
    assert desk.ask("GET /fapi/v1/algoOrder", algoId=placed["algoId"])["algoStatus"] == "EXPIRED"


def test_a_trailing_stop_follows_and_then_sells(desk: Desk) -> None:
    order(desk, side="BUY", type="MARKET", quantity="0.3")
    placed = algo(
        desk, side="SELL", type="TRAILING_STOP_MARKET", callbackRate="1", quantity="0.3", reduceOnly="true"
    )
    for price, state in ((62_000, "NEW"), (61_500, "NEW"), (63_000, "NEW"), (62_360, "TRIGGERED")):
        desk.move(price)
        assert desk.ask("GET /fapi/v1/algoOrder", algoId=placed["algoId"])["algoStatus"] == state


def test_modify_moves_a_limit_order(desk: Desk) -> None:
    placed = order(desk, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="50000")
    moved = desk.ask(
        "PUT /fapi/v1/order", **PERP, orderId=placed["orderId"], side="BUY", price="51000", quantity="0.2"
    )
    assert (moved["orderId"], moved["price"], moved["origQty"]) == (placed["orderId"], "51000", "0.2")
    crossed = desk.ask(
        "PUT /fapi/v1/order", **PERP, orderId=placed["orderId"], side="BUY", price="61000", quantity="0.2"
    )
    assert crossed["status"] == "FILLED"


def test_post_only(desk: Desk) -> None:
    assert (
        order(desk, side="BUY", type="LIMIT", timeInForce="GTX", quantity="0.1", price="61000")["code"]
        == -5022
    )


@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"type": "MARKET", "quantity": "0"}, -4003),
        ({"type": "MARKET", "quantity": "0.0015"}, -1111),
        ({"type": "MARKET", "quantity": "0.0001"}, -4004),
        ({"type": "MARKET", "quantity": "1001"}, -4005),
        ({"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "60000.05"}, -4014),
        ({"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.001", "price": "4000"}, -4164),
        ({"type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "64000"}, -4016),
        ({"side": "SELL", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.1", "price": "56000"}, -4024),
    ],
)
def test_filters_have_the_codes_of_the_perpetuals(desk: Desk, params: dict[str, Any], code: int) -> None:
    assert order(desk, **{"side": "BUY", **params})["code"] == code
    assert desk.exchange.perp.orders == {}
    assert order(desk, side="BUY", type="LIMIT", timeInForce="GTC", quantity="0.1", price="30000")["orderId"]


def test_a_client_order_id_in_use_has_the_perpetuals_own_code(desk: Desk) -> None:
    resting = {
        "side": "BUY",
        "type": "LIMIT",
        "timeInForce": "GTC",
        "quantity": "0.01",
        "newClientOrderId": "mine",
    }
    assert order(desk, price="50000", **resting)["status"] == "NEW"
    assert order(desk, price="49000", **resting) == {"code": -4116, "msg": "ClientOrderId is duplicated."}
    assert len(desk.exchange.perp.orders) == 1


def test_more_open_orders_than_there_may_be_are_refused(desk: Desk) -> None:
    market = desk.exchange.perp.markets["BTCUSDT"]
    market.symbol = replace(market.symbol, max_orders=1, max_algo_orders=0)
    resting = {"side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01", "price": "50000"}
    assert [order(desk, **resting).get("code") for _ in range(2)] == [None, -2025]
    stop = {
        "algoType": "CONDITIONAL",
        "side": "BUY",
        "type": "STOP_MARKET",
        "quantity": "0.01",
        "triggerPrice": "70000",
    }
    assert desk.ask("POST /fapi/v1/algoOrder", **PERP, **stop)["code"] == -4045


def test_a_halted_market_takes_no_conditional_order_either(desk: Desk) -> None:
    market = desk.exchange.perp.markets["BTCUSDT"]
    market.symbol = market.symbol.changed(status="HALT")
    stop = {
        "algoType": "CONDITIONAL",
        "side": "BUY",
        "type": "STOP_MARKET",
        "quantity": "0.01",
        "triggerPrice": "70000",
    }
    assert desk.ask("POST /fapi/v1/algoOrder", **PERP, **stop)["code"] == -4141
    assert desk.exchange.algos.all == {}


def test_a_liquidation_beside_a_halted_market_stops_nothing_and_takes_that_position_later(desk: Desk) -> None:
    desk.ask("POST /fapi/v1/leverage", **PERP, leverage=125)
    desk.ask("POST /fapi/v1/leverage", symbol="ETHUSDT", leverage=125)
    order(desk, side="BUY", type="MARKET", quantity="1")
    order(desk, symbol="ETHUSDT", side="BUY", type="MARKET", quantity="100")
    market = desk.exchange.perp.markets["BTCUSDT"]
    market.symbol = market.symbol.changed(status="HALT")
    desk.move(2_000, symbol="ETHUSDT")
    assert [name for name, _ in desk.exchange.margin.held("trader")] == ["BTCUSDT"]
    desk.exchange.liquidate(desk.account, desk.exchange.clock.now())
    market.symbol = market.symbol.changed(status="TRADING")
    desk.exchange.liquidate(desk.account, desk.exchange.clock.now())
    assert desk.exchange.margin.held("trader") == [] and desk.exchange.ledger.difference() == {}


@pytest.mark.parametrize("change", [{"step": "0.01"}, {"max_quantity": 10**8}])
def test_filters_in_the_way_of_a_liquidation_stop_nothing(desk: Desk, change: dict[str, Any]) -> None:
    desk.ask("POST /fapi/v1/leverage", **PERP, leverage=125)
    order(desk, side="BUY", type="MARKET", quantity="2.005")
    market = desk.exchange.perp.markets["BTCUSDT"]
    market.symbol = market.symbol.changed(**change) if "step" in change else replace(market.symbol, **change)
    for _ in range(4):
        desk.move(30_000)
    left = dict(desk.exchange.margin.held("trader"))
    assert ("BTCUSDT" in left) == ("step" in change) and desk.exchange.ledger.difference() == {}
