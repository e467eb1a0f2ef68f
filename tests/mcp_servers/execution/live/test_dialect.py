"""Binance's words for orders and trades: what is sent, letter by letter, and what is believed of an answer."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.venues.live.dialect import (
    Trade,
    conditional,
    fill_of,
    kind_of,
    ledger_name,
    market_of,
    order_of,
    pair_params,
    params_of,
    trades_of,
)
from openoutcry.errors import VenueUnknown
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.venue import PERP, order

AT = datetime(2026, 3, 1, tzinfo=UTC)
MILLIS = int(AT.timestamp() * 1000)
FULL = {"newClientOrderId": "oo-1", "newOrderRespType": "FULL"}
RESULT = {"newClientOrderId": "oo-1", "newOrderRespType": "RESULT"}
WAITING = {"algoType": "CONDITIONAL", "clientAlgoId": "oo-1"}


def wanted(kind: str, side: str = "BUY", **more: Any) -> OrderRequest:
    return order("entry", side, kind, "0.50", **more)


@pytest.mark.parametrize(
    ("request_", "sent"),
    [
        (wanted("MARKET"), {"type": "MARKET", **FULL}),
        (wanted("LIMIT", price="10.0"), {"type": "LIMIT", "price": "10", "timeInForce": "GTC", **FULL}),
        (
            wanted("LIMIT", price="10", time_in_force="IOC"),
            {"type": "LIMIT", "price": "10", "timeInForce": "IOC", **FULL},
        ),
        (wanted("STOP_LOSS", stop_price="9"), {"type": "STOP_LOSS", "stopPrice": "9", **FULL}),
        (
            wanted("TAKE_PROFIT_LIMIT", price="12", stop_price="11", reduce_only=True),
            {"type": "TAKE_PROFIT_LIMIT", "price": "12", "timeInForce": "GTC", "stopPrice": "11", **FULL},
        ),
        (wanted("MARKET", symbol=PERP), {"type": "MARKET", **RESULT}),
        (
            wanted("LIMIT", symbol=PERP, price="10", reduce_only=True),
            {"type": "LIMIT", "price": "10", "timeInForce": "GTC", "reduceOnly": "true", **RESULT},
        ),
        *[
            (
                wanted(kind, symbol=PERP, stop_price="9", **({"price": "8"} if "LIMIT" in kind else {})),
                {
                    "type": theirs,
                    "triggerPrice": "9",
                    **({"price": "8", "timeInForce": "GTC"} if "LIMIT" in kind else {}),
                    **WAITING,
                },
            )
            for kind, theirs in {
                "STOP_LOSS": "STOP_MARKET",
                "STOP_LOSS_LIMIT": "STOP",
                "TAKE_PROFIT": "TAKE_PROFIT_MARKET",
                "TAKE_PROFIT_LIMIT": "TAKE_PROFIT",
            }.items()
        ],
    ],
)
def test_an_order_in_the_exchanges_words(request_: OrderRequest, sent: dict[str, str]) -> None:
    assert params_of(request_, "oo-1") == {"symbol": "BTCUSDT", "side": "BUY", "quantity": "0.5", **sent}
    assert conditional(request_) == ("clientAlgoId" in sent)


def test_a_market_and_its_kind() -> None:
    assert (market_of("ETH/BTC"), kind_of("ETH/BTC")) == ("ETHBTC", "spot")
    assert (market_of(PERP), kind_of(PERP)) == ("BTCUSDT", "perp")
    assert ledger_name(PERP, "7") == "perp-BTCUSDT-7" and ledger_name("BTC/USDT", "7") == "spot-BTCUSDT-7"


@pytest.mark.parametrize(("side", "stop_is"), [("SELL", "below"), ("BUY", "above")])
def test_of_a_pair_that_sells_the_stop_is_below_and_of_one_that_buys_above(side: str, stop_is: str) -> None:
    stop = order("stop_loss", side, "STOP_LOSS", "0.5", stop_price="9.0")
    target = order("take_profit", side, "TAKE_PROFIT", "0.5", stop_price="11.0")
    target_is = {"below": "above", "above": "below"}[stop_is]
    assert pair_params(stop, target, "oo-s", "oo-t") == {
        "symbol": "BTCUSDT",
        "side": side,
        "quantity": "0.5",
        f"{stop_is}Type": "STOP_LOSS",
        f"{stop_is}ClientOrderId": "oo-s",
        f"{stop_is}StopPrice": "9",
        f"{target_is}Type": "TAKE_PROFIT",
        f"{target_is}ClientOrderId": "oo-t",
        f"{target_is}StopPrice": "11",
        "newOrderRespType": "RESULT",
    }


SPOT_ANSWER = {
    "symbol": "BTCUSDT", "clientOrderId": "oo-1", "orderId": 7, "status": "PARTIALLY_FILLED", "executedQty": "0.2",
    "cummulativeQuoteQty": "20.5", "updateTime": MILLIS, "time": 1,
}  # fmt: skip
ALGO_ANSWER = {
    "symbol": "BTCUSDT", "clientAlgoId": "oo-1", "algoId": 8, "algoStatus": "TRIGGERED", "actualOrderId": 99,
    "createTime": MILLIS, "orderId": 5, "status": "FILLED",
}  # fmt: skip


def read(answer: Any, **more: Any) -> Any:
    return order_of(answer | more, wanted("MARKET"), "oo-1")


def test_an_answer_about_an_order_is_read_whole() -> None:
    found = read(SPOT_ANSWER)
    assert (found.venue_order_id, found.status, found.at) == ("7", "PARTIALLY_FILLED", AT)
    assert (found.executed, found.quote, found.triggered_id) == (Decimal("0.2"), Decimal("20.5"), None)
    perp = {name: value for name, value in SPOT_ANSWER.items() if name != "cummulativeQuoteQty"}
    assert read(perp, cumQuote="20.5").quote == Decimal("20.5") and read(perp).quote == 0
    assert read(SPOT_ANSWER, status=None, executedQty=None).executed == 0
    assert read(SPOT_ANSWER, status=None).status is None
    assert read(SPOT_ANSWER, actualOrderId=99).triggered_id is None


def test_an_answer_about_a_conditional_order_is_read_by_its_own_names() -> None:
    found = read(ALGO_ANSWER)
    assert (found.venue_order_id, found.status, found.triggered_id, found.at) == ("8", "NEW", "99", AT)
    assert read(ALGO_ANSWER, actualOrderId="").triggered_id is None


@pytest.mark.parametrize("stamp", ["updateTime", "transactTime", "time", "createTime"])
def test_when_it_was_is_the_last_change_that_is_told(stamp: str) -> None:
    bare = {name: value for name, value in SPOT_ANSWER.items() if name not in ("updateTime", "time")}
    assert read(bare).at is None
    assert read(bare | {stamp: MILLIS}).at == AT
    assert read(bare | {"updateTime": 0, stamp: MILLIS}).at == AT
    older = {name: 1 for name in ("transactTime", "time", "createTime")}
    assert read(bare | older | {"updateTime": MILLIS}).at == AT


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("NEW", "NEW"), ("PENDING_NEW", "NEW"), ("PARTIALLY_FILLED", "PARTIALLY_FILLED"), ("PENDING_CANCEL", "NEW"),
        ("FILLED", "FILLED"), ("CANCELED", "CANCELED"), ("REJECTED", "REJECTED"), ("EXPIRED", "EXPIRED"),
        ("EXPIRED_IN_MATCH", "EXPIRED"), ("TRIGGERING", "NEW"), ("TRIGGERED", "NEW"), ("FINISHED", "NEW"),
    ],
)  # fmt: skip
def test_each_status_means_one_of_ours(theirs: str, ours: str) -> None:
    assert read(SPOT_ANSWER, status=theirs).status == ours


def test_a_cancels_answer_names_the_order_it_was_about() -> None:
    assert read(SPOT_ANSWER, clientOrderId="x", origClientOrderId="oo-1").venue_order_id == "7"
    with pytest.raises(VenueUnknown):  # a conditional order has one name only
        read(ALGO_ANSWER, clientAlgoId="x", origClientOrderId="oo-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"clientOrderId": "oo-2"},
        {"symbol": "ETHUSDT"},
        {"orderId": True},
        {"orderId": 0},
        {"orderId": -1},
        {"orderId": 10**20},
        {"orderId": "x"},
        {"orderId": None},
        {"status": "WHATEVER"},
        {"updateTime": "x"},
        {"updateTime": 10**30},
        {"executedQty": "1e400"},
        {"clientOrderId": ["oo-1"]},
    ],
)
def test_what_is_not_surely_about_this_order_is_no_answer(wrong: dict[str, Any]) -> None:
    with pytest.raises(VenueUnknown):
        read(SPOT_ANSWER, **wrong)


@pytest.mark.parametrize("number", [1, 10**20 - 1, "7"])
def test_the_exchanges_number_of_an_order_may_be_any_that_it_can_have(number: Any) -> None:
    assert read(SPOT_ANSWER, orderId=number).venue_order_id == str(number)


@pytest.mark.parametrize("value", [None, [], "text", 7, {}])
def test_what_is_no_order_at_all_is_no_answer(value: Any) -> None:
    with pytest.raises(VenueUnknown):
        order_of(value, wanted("MARKET"), "oo-1")


TRADE = {
    "symbol": "BTCUSDT", "orderId": 7, "id": 41, "price": "100.5", "qty": "0.2", "commission": "0.01",
    "commissionAsset": "USDT", "isMaker": True, "time": MILLIS,
}  # fmt: skip


def test_trades_are_read_oldest_first_and_of_one_time_by_their_number() -> None:
    rows = [TRADE | {"id": 100}, TRADE | {"id": 9}, TRADE | {"id": 200, "time": MILLIS - 1}]
    assert [one.trade_id for one in trades_of(rows, "7", "BTCUSDT")] == ["200", "9", "100"]
    [one] = trades_of([TRADE], "7", "BTCUSDT")
    assert one == Trade("41", Decimal("100.5"), Decimal("0.2"), Decimal("0.01"), "USDT", True, AT)
    assert trades_of([], "7", "BTCUSDT") == ()
    [cheap] = trades_of([TRADE | {"price": "0.5", "qty": "0.5"}], "7", "BTCUSDT")
    assert cheap.price == cheap.quantity == Decimal("0.5")


def test_who_was_there_first_is_told_under_either_name() -> None:
    bare = {name: value for name, value in TRADE.items() if name != "isMaker"}
    rows = (bare, bare | {"maker": True}, bare | {"isMaker": False, "maker": True})
    makers = [trades_of([row], "7", "BTCUSDT")[0].maker for row in rows]
    assert makers == [False, True, False]


@pytest.mark.parametrize(
    "wrong",
    [
        {"orderId": 8},
        {"symbol": "ETHUSDT"},
        {"price": "0"},
        {"qty": "0"},
        {"price": "-1"},
        {"qty": "-1"},
        {"price": "x"},
        {"id": "x"},
        {"time": 10**30},
        {"commission": None},
    ],
)
def test_a_trade_of_another_order_or_of_nothing_is_no_answer(wrong: dict[str, Any]) -> None:
    with pytest.raises(VenueUnknown):
        trades_of([TRADE, TRADE | wrong], "7", "BTCUSDT")


@pytest.mark.parametrize("value", [None, 7, ["x"], {"orderId": 7}])
def test_what_is_no_list_of_trades_is_no_answer(value: Any) -> None:
    with pytest.raises(VenueUnknown):
        trades_of(value, "7", "BTCUSDT")


def booked(
    asset: str, side: str = "BUY", rate: Decimal | None = None, maker: bool = False
) -> tuple[Any, ...]:
    trade = Trade("41", Decimal(100), Decimal("0.2"), Decimal("0.01"), asset, maker, AT)
    fill = fill_of(trade, wanted("MARKET", side), 3, rate)
    assert (fill.trade_id, fill.order_seq, fill.leg, fill.symbol) == (
        "spot-BTCUSDT-41",
        3,
        "entry",
        "BTC/USDT",
    )
    assert (fill.side, fill.price, fill.executed_at) == (side, 100, AT)
    return fill.quantity, fill.fee, fill.liquidity


def test_e5_a_fee_is_worth_what_it_took_in_whichever_asset() -> None:
    assert booked("USDT", maker=True) == (Decimal("0.2"), Decimal("0.01"), "maker")
    assert booked("BTC") == (Decimal("0.19"), Decimal(1), "taker")
    assert booked("BNB", rate=Decimal(600)) == (Decimal("0.2"), Decimal(6), "taker")
    assert booked("BTC", "SELL", rate=Decimal(100)) == (Decimal("0.2"), Decimal(1), "taker")
    for asset, side in (("BNB", "BUY"), ("BTC", "SELL")):
        with pytest.raises(VenueUnknown):
            booked(asset, side)
