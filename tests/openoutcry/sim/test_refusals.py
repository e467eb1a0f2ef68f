"""What the venue refuses, and that a refusal changes nothing."""

from typing import Any

import pytest

from openoutcry.types.orders import OrderRequest
from tests.openoutcry.sim.market import PERP, D, Market, ended, flat, order


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (order("entry", "BUY", "LIMIT", "1", price="109.995"), "PRICE_FILTER"),
        (order("entry", "BUY", "STOP_LOSS", "1", stop_price="120.001"), "PRICE_FILTER"),
        (order("entry", "BUY", "MARKET", "0.000001"), "LOT_SIZE"),
        (order("entry", "BUY", "MARKET", "0.04"), "MIN_NOTIONAL"),
        (order("entry", "BUY", "MARKET", "100"), "INSUFFICIENT_BALANCE"),
        (order("entry", "BUY", "LIMIT", "101", price="100"), "INSUFFICIENT_BALANCE"),
        (order("exit", "SELL", "MARKET", "1"), "INSUFFICIENT_POSITION"),
        (order("entry", "SELL", "MARKET", "1001", symbol=PERP), "INSUFFICIENT_MARGIN"),
        (order("exit", "SELL", "MARKET", "1", reduce_only=True), "REDUCE_ONLY"),
        (order("entry", "BUY", "STOP_LOSS", "1", stop_price="120", time_in_force="IOC"), "TIME_IN_FORCE"),
    ],
)
def test_refusals(request_: OrderRequest, code: str) -> None:
    market = Market()
    before = market.account
    assert ended(market.place(request_)) == [("rejected", code)] and market.account == before


def test_without_any_price_nothing_is_taken() -> None:
    assert ended(Market().place(order("entry", "BUY", "MARKET", "1"), price=None)) == [
        ("rejected", "NO_PRICE")
    ]


def test_resting_buys_lock_their_cash() -> None:
    market = Market()
    market.place(order("entry", "BUY", "LIMIT", "60", price="90"))
    assert ended(market.place(order("manual-1", "BUY", "LIMIT", "60", price="90"))) == [
        ("rejected", "INSUFFICIENT_BALANCE")
    ]
    market.cancel("entry")
    assert ended(market.place(order("manual-2", "BUY", "LIMIT", "60", price="90"))) == []


def test_an_order_that_cannot_be_paid_when_its_time_comes_expires() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "60"))
    market.place(order("manual-1", "BUY", "MARKET", "60"))
    events = market.advance(1, flat(0, 100))
    assert ended(events) == [("expired", "INSUFFICIENT_BALANCE")]
    assert market.account.quantity("BTC/USDT") == 60 and market.account.working == {}


def test_dust_can_always_be_closed() -> None:
    market = Market()
    market.place(order("entry", "BUY", "MARKET", "1.00001"), next_bar=flat(0, 100))
    market.place(order("exit", "SELL", "MARKET", "1"), seq=2, next_bar=flat(0, 100))
    dust: dict[str, Any] = {"reduce_only": True}
    events = market.place(order("exit", "SELL", "MARKET", "0.00001", **dust), seq=3, next_bar=flat(0, 100))
    assert ended(events) == [] and market.account.holdings == {}


def test_a_perpetual_may_be_closed_without_margin() -> None:
    market = Market()
    market.place(order("entry", "SELL", "MARKET", "900", symbol=PERP), next_bar=flat(0, 100, 100_000))
    events = market.place(
        order("exit", "BUY", "MARKET", "900", symbol=PERP), seq=2, next_bar=flat(0, 105, 100_000), price=105
    )
    assert ended(events) == [] and market.account.quantity(PERP) == D(0)
