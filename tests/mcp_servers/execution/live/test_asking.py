"""What is asked about one order, word by word, and what the answers prove: against an exchange that says what it is told to."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.venues.live.asking import BOUND, Asking, listed, must
from mcp_servers.execution.venues.live.dialect import Trade, VenueOrder
from mcp_servers.execution.venues.live.outcome import Answered, Outcome, Rejected, Unknown
from openoutcry.errors import VenueUnknown
from openoutcry.types.timeframes import millis
from tests.mcp_servers.execution.venue import PERP, SPOT, order

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUY = order("entry", "BUY", "MARKET", "1", symbol=SPOT)
SHORT = order("entry", "SELL", "MARKET", "1", symbol=PERP)
STOP = order("stop_loss", "BUY", "STOP_LOSS", "1", symbol=PERP, stop_price="9")
WAITS = order("stop_loss", "SELL", "STOP_LOSS", "1", symbol=SPOT, stop_price="9")


@dataclass
class Says:
    """A gateway whose answers are given, in their order; ``asked`` is what it was asked."""

    answers: list[Outcome]
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def ask(
        self, kind: str, method: str, path: str, params: Mapping[str, str], *, weight: int = 1, signed: bool = True
    ) -> Outcome:  # fmt: skip
        assert method == "GET"
        self.asked.append((kind, path, dict(params), weight, signed))
        return self.answers.pop(0)


def asking(*answers: Any) -> tuple[Asking, Says]:
    told = [one if isinstance(one, Rejected | Unknown) else Answered(one) for one in answers]
    gateway = Says(list(told))
    return Asking(gateway), gateway  # type: ignore[arg-type]


def spot(**more: Any) -> dict[str, Any]:
    base = {
        "symbol": "BTCUSDT",
        "clientOrderId": "oo-1",
        "orderId": 7,
        "status": "FILLED",
        "executedQty": "1",
    }
    return base | {"cummulativeQuoteQty": "100", "updateTime": millis(AT)} | more


def trade(number: int = 1, quantity: str = "1", of: int = 7) -> dict[str, Any]:
    return {
        "symbol": "BTCUSDT", "orderId": of, "id": number, "price": "100", "qty": quantity, "commission": "0",
        "commissionAsset": "USDT", "isMaker": False, "time": millis(AT),
    }  # fmt: skip


def test_an_order_is_absent_only_when_its_signature_and_its_engine_are_over() -> None:
    assert timedelta(seconds=18) == BOUND  # 5 s of signature, 10 s of engine, and a margin


@pytest.mark.parametrize(
    ("request_", "answer", "asked"),
    [
        (BUY, spot(), ("spot", "order", {"origClientOrderId": "oo-1"}, 4)),
        (WAITS, spot(), ("spot", "order", {"origClientOrderId": "oo-1"}, 4)),
        (SHORT, spot(), ("perp", "order", {"origClientOrderId": "oo-1"}, 1)),
        (
            STOP,
            {"symbol": "BTCUSDT", "clientAlgoId": "oo-1", "algoId": 7, "algoStatus": "NEW"},
            ("perp", "algoOrder", {"clientAlgoId": "oo-1"}, 1),
        ),
    ],
)
async def test_an_order_is_asked_for_by_its_name(request_: Any, answer: Any, asked: tuple[Any, ...]) -> None:
    asks, gateway = asking(answer)
    found = await asks.order(request_, "oo-1")
    assert found is not None and found.venue_order_id == "7"
    kind, path, name, weight = asked
    assert gateway.asked == [(kind, path, {"symbol": "BTCUSDT", **name}, weight, True)]


@pytest.mark.parametrize("code", [-2013, -2011])
async def test_that_there_is_no_such_order_is_an_answer(code: int) -> None:
    assert await asking(Rejected(code, "no"))[0].order(BUY, "oo-1") is None
    assert await asking(Rejected(code, "no"))[0].told(BUY, "oo-1") is None


@pytest.mark.parametrize("said", [Rejected(-2010, "no"), Unknown("silence"), {}, [], spot(clientOrderId="x")])
async def test_any_other_answer_says_nothing_of_it(said: Any) -> None:
    with pytest.raises(VenueUnknown):
        await asking(said)[0].order(BUY, "oo-1")


async def test_a_conditional_order_that_was_triggered_is_told_with_the_fills_of_what_it_became() -> None:
    waiting = {
        "symbol": "BTCUSDT",
        "clientAlgoId": "oo-1",
        "algoId": 7,
        "algoStatus": "TRIGGERED",
        "actualOrderId": 99,
    }
    real = spot(clientOrderId="theirs", orderId=99, cummulativeQuoteQty="50")
    asks, gateway = asking(waiting, real, [trade(of=99)])
    told = await asks.told(STOP, "oo-1")
    assert told is not None
    assert told.order == VenueOrder("7", "FILLED", Decimal(1), Decimal(50), AT, "99")
    assert [one.trade_id for one in told.trades] == ["1"]
    assert gateway.asked[1:] == [
        ("perp", "order", {"symbol": "BTCUSDT", "orderId": "99"}, 1, True),
        ("perp", "userTrades", {"symbol": "BTCUSDT", "orderId": "99", "limit": "1000"}, 5, True),
    ]
    for wrong in (spot(clientOrderId="theirs", orderId=98), spot(clientOrderId=None), [], Unknown("silence")):
        with pytest.raises(VenueUnknown):
            await asking(waiting, wrong)[0].order(STOP, "oo-1")


async def test_trades_are_asked_for_where_something_executed_and_must_add_up() -> None:
    asks, gateway = asking(spot(executedQty="0", status="NEW"))
    told = await asks.told(BUY, "oo-1")
    assert told is not None and told.trades == () and len(gateway.asked) == 1
    asks, gateway = asking(spot(), [trade(2, "0.4"), trade(1, "0.6")])
    told = await asks.told(BUY, "oo-1")
    assert told is not None and [one.trade_id for one in told.trades] == ["1", "2"]
    assert gateway.asked[1] == (
        "spot", "myTrades", {"symbol": "BTCUSDT", "orderId": "7", "limit": "1000"}, 20, True,
    )  # fmt: skip
    for fewer in ([], [trade(1, "0.6")], [trade(1, "0.6"), trade(2, "0.5")], Rejected(-2013, "no")):
        with pytest.raises(VenueUnknown):
            await asking(spot(), fewer)[0].told(BUY, "oo-1")


async def test_the_open_orders_of_a_market_with_what_executed() -> None:
    asks, gateway = asking([{"clientOrderId": "a", "executedQty": "0.5"}, {"clientOrderId": "b"}])
    assert await asks.open(SPOT) == {"a": Decimal("0.5"), "b": 0}
    assert gateway.asked == [("spot", "openOrders", {"symbol": "BTCUSDT"}, 6, True)]
    asks, gateway = asking([{"clientOrderId": "a", "executedQty": "0.5"}], [{"clientAlgoId": "c"}])
    assert await asks.open(PERP) == {"a": Decimal("0.5"), "c": 0}
    assert [(path, weight) for _, path, _, weight, _ in gateway.asked] == [
        ("openOrders", 1),
        ("openAlgoOrders", 1),
    ]
    for wrong in ([{}], [7], {}, [{"clientOrderId": "a", "executedQty": "x"}], Unknown("silence")):
        with pytest.raises(VenueUnknown):
            await asking(wrong)[0].open(SPOT)


SINCE = {"symbol": "BTCUSDT", "startTime": str(millis(AT - timedelta(seconds=60))), "limit": "1000"}


@pytest.mark.parametrize(
    ("request_", "kind", "paths", "weight"),
    [(BUY, "spot", ("allOrders", "myTrades"), 20), (SHORT, "perp", ("allOrders", "userTrades"), 5)],
)
async def test_an_order_that_no_list_has_is_absent(request_: Any, kind: str, paths: Any, weight: int) -> None:
    asks, gateway = asking([{"clientOrderId": "other", "orderId": 3}], [trade(of=3)])
    assert await asks.absent(request_, "oo-1", AT)
    assert gateway.asked == [(kind, path, SINCE, weight, True) for path in paths]
    asks, gateway = asking([{"clientOrderId": "other"}, {"clientOrderId": "oo-1"}])
    assert not await asks.absent(request_, "oo-1", AT)


async def test_a_conditional_order_is_absent_when_their_own_list_has_it_not() -> None:
    for name, absent in (("other", True), ("oo-1", False)):
        asks, gateway = asking([{"clientAlgoId": "more"}, {"clientAlgoId": name}])
        assert await asks.absent(STOP, "oo-1", AT) is absent
        assert gateway.asked == [("perp", "allAlgoOrders", SINCE, 5, True)]


@pytest.mark.parametrize(
    ("time", "absent"),
    [
        (millis(AT - timedelta(seconds=5)) - 1, True),
        (millis(AT - timedelta(seconds=5)), False),
        (millis(AT), False),
        (None, False),
        ("x", False),
    ],
)
async def test_a_trade_of_an_unlisted_order_leaves_room_for_this_one_unless_it_is_older(
    time: Any, absent: bool
) -> None:
    fine = trade(of=3) | {"time": millis(AT)}
    asks, _ = asking([{"clientOrderId": "other", "orderId": 3}], [fine, trade(of=4) | {"time": time}])
    assert await asks.absent(BUY, "oo-1", AT) is absent


@pytest.mark.parametrize("wrong", [{}, [7], Unknown("silence"), Rejected(-2013, "no")])
async def test_lists_that_are_not_told_prove_nothing(wrong: Any) -> None:
    for answers in ([wrong], [[], wrong]):
        with pytest.raises(VenueUnknown):
            await asking(*answers)[0].absent(BUY, "oo-1", AT)
    with pytest.raises(VenueUnknown):
        await asking(wrong)[0].absent(STOP, "oo-1", AT)


async def test_the_price_of_an_asset_that_a_fee_was_taken_in() -> None:
    asks, gateway = asking({"price": "600.5"})
    assert await asks.rate("BNB", "USDT") == Decimal("600.5")
    assert gateway.asked == [("spot", "ticker/price", {"symbol": "BNBUSDT"}, 2, False)]
    assert await asking(Rejected(-1121, "no"))[0].rate("BNB", "USDT") is None
    for wrong in ({}, {"price": "x"}, [], Unknown("silence")):
        with pytest.raises(VenueUnknown):
            await asking(wrong)[0].rate("BNB", "USDT")


async def test_a_fee_in_the_markets_own_assets_needs_no_price() -> None:
    def of(asset: str) -> Trade:
        return Trade("1", Decimal(100), Decimal(1), Decimal("0.1"), asset, maker=False, at=AT)

    for asset in ("BTC", "USDT"):
        asks, gateway = asking()
        assert await asks.fee_rate(of(asset), SPOT) is None and gateway.asked == []
    asks, gateway = asking({"price": "600.5"})
    assert await asks.fee_rate(of("BNB"), PERP) == Decimal("600.5")
    assert gateway.asked == [("spot", "ticker/price", {"symbol": "BNBUSDT"}, 2, False)]


def closing(**more: Any) -> dict[str, str]:
    """An order by which the exchange closed a long."""
    return {"clientOrderId": "autoclose-7", "side": "SELL", "origQty": "0.5", "executedQty": "0.3"} | more


async def test_what_the_exchange_closed_by_itself_is_what_it_named_and_what_traded() -> None:
    rows = [
        closing(),
        closing(clientOrderId="adl_autoclose", origQty="0.2"),
        closing(clientOrderId="settlement_autoclose-9", executedQty="0.00000001"),
        closing(clientOrderId="oo-1"),
        closing(clientOrderId="my-autoclose-7"),
        closing(side="BUY"),
        closing(executedQty="0"),
    ]
    asks, gateway = asking(rows)
    assert await asks.forced(PERP, "SELL", AT) == [
        ("autoclose-7", Decimal("0.5")),
        ("adl_autoclose", Decimal("0.2")),
        ("settlement_autoclose-9", Decimal("0.5")),
    ]
    since = {"symbol": "BTCUSDT", "startTime": str(millis(AT)), "limit": "1000"}
    assert gateway.asked == [("perp", "allOrders", since, 5, True)]
    assert await asking(rows)[0].forced(PERP, "BUY", AT) == [("autoclose-7", Decimal("0.5"))]


@pytest.mark.parametrize(
    "wrong",
    [
        [{}],
        [7],
        {},
        [closing(clientOrderId=7)],
        [closing(origQty="x")],
        [closing(executedQty=None)],
        Unknown("silence"),
        Rejected(-2013, "no"),
    ],
)
async def test_orders_of_the_exchange_that_cannot_be_read_are_none_that_are_missing(wrong: Any) -> None:
    with pytest.raises(VenueUnknown):
        await asking(wrong)[0].forced(PERP, "SELL", AT)


def test_what_must_be_an_answer_and_what_must_be_a_list() -> None:
    assert must(Answered([1])) == [1] and listed([{}, {"a": 1}]) == [{}, {"a": 1}] and listed([]) == []
    with pytest.raises(VenueUnknown, match="silence"):
        must(Unknown("silence"))
    with pytest.raises(VenueUnknown) as long:
        must(Unknown("x" * 1_000))
    assert len(str(long.value)) == 300
    for wrong in ({}, [{}, 7], None, "x"):
        with pytest.raises(VenueUnknown):
            listed(wrong)
