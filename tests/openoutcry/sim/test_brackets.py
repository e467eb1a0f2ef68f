"""Orders that belong together: stops before targets, siblings, reduce-only, and nothing left behind."""

import pytest

from openoutcry.types.orders import OrderRequest
from tests.openoutcry.sim.market import PERP, D, Market, bar, ended, flat, order, prices


def bracket(quantity: str = "1") -> tuple[OrderRequest, OrderRequest]:
    stop = order("stop_loss", "SELL", "STOP_LOSS", quantity, stop_price="95", reduce_only=True, oco_group="g")
    target = order(
        "take_profit", "SELL", "TAKE_PROFIT", quantity, stop_price="110", reduce_only=True, oco_group="g"
    )
    return stop, target


@pytest.fixture
def long() -> Market:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"), next_bar=flat(0, 100))
    market.advance(1, flat(0, 100))
    for request in bracket():
        market.place(request, hour=1)
    return market


def test_stop_before_target_inside_one_bar(long: Market) -> None:
    events = long.advance(2, bar(1, 100, 120, 90, 100))
    assert prices(events) == [("stop_loss", D(95))] and ended(events) == [("canceled", "OCO")]
    assert long.account.working == {} and long.account.quantity("BTC/USDT") == 0


def test_target_cancels_the_stop(long: Market) -> None:
    events = long.advance(2, bar(1, 100, 120, 96, 100))
    assert prices(events) == [("take_profit", D(110))] and ended(events) == [("canceled", "OCO")]


def test_the_open_comes_before_both(long: Market) -> None:
    assert prices(long.advance(2, bar(1, 115, 120, 90, 100))) == [("take_profit", D(115))]


def test_closing_the_position_ends_its_bracket(long: Market) -> None:
    events = long.place(order("exit", "SELL", "MARKET", "1"), hour=1, seq=2, next_bar=flat(1, 101))
    assert prices(events) == [("exit", D(101))]
    assert ended(events) == [("expired", "REDUCE_ONLY"), ("expired", "REDUCE_ONLY")]


def test_reduce_only_is_clamped_to_what_is_held(long: Market) -> None:
    long.place(order("manual-1", "SELL", "MARKET", "0.4"), hour=1, seq=2, next_bar=flat(1, 100))
    events = long.advance(2, bar(1, 100, 101, 94, 100))
    assert [(event.fill.quantity, event.fill.leg) for event in events if event.kind == "filled"] == [
        (D("0.6"), "stop_loss")
    ]
    assert ("expired", "REDUCE_ONLY") in ended(events) and long.account.quantity("BTC/USDT") == 0


def test_reduce_only_never_flips_a_perpetual() -> None:
    market = Market()
    market.place(order("entry", "SELL", "MARKET", "1", symbol=PERP), next_bar=flat(0, 100))
    market.place(
        order("exit", "BUY", "MARKET", "3", symbol=PERP, reduce_only=True), seq=2, next_bar=flat(0, 100)
    )
    assert market.account.quantity(PERP) == 0 and market.account.working == {}


def test_reduce_only_without_a_purpose_is_refused() -> None:
    assert ended(Market().place(bracket()[0])) == [("rejected", "REDUCE_ONLY")]


def test_a_bracket_may_wait_for_its_entry_and_dies_with_it() -> None:
    market = Market()
    market.place(order("entry", "BUY", "LIMIT", "1", price="97"))
    for request in bracket():
        market.place(request)
    assert ended(market.advance(1, bar(0, 100, 112, 98, 100))) == []
    assert ended(market.cancel("entry", hour=1)) == [
        ("canceled", "REQUESTED"), ("expired", "REDUCE_ONLY"), ("expired", "REDUCE_ONLY"),
    ]  # fmt: skip


def test_a_price_that_runs_through_entry_and_stop_fills_both_but_not_the_target() -> None:
    market = Market()
    market.place(order("entry", "BUY", "LIMIT", "1", price="97"))
    for request in bracket():
        market.place(request)
    assert prices(market.advance(1, bar(0, 100, 120, 96, 100))) == [("entry", D(97))]
    again = Market()
    again.place(order("entry", "BUY", "LIMIT", "1", price="97"))
    for request in bracket():
        again.place(request)
    assert prices(again.advance(1, bar(0, 100, 120, 90, 100))) == [("entry", D(97)), ("stop_loss", D(95))]


def test_entry_and_stop_gapped_through_at_one_open() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1"))
    for request in bracket():
        market.place(request)
    assert prices(market.advance(1, flat(0, 93))) == [("entry", D(93)), ("stop_loss", D(93))]


def test_cancelling_is_once_and_for_all(long: Market) -> None:
    assert ended(long.cancel("stop_loss", hour=1)) == [("canceled", "REQUESTED")]
    assert long.cancel("stop_loss", hour=1) == [] and long.cancel("entry", hour=1) == []
    assert prices(long.advance(2, bar(1, 100, 101, 90, 100))) == []
