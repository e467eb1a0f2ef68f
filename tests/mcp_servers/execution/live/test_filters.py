"""An order under the rules of its market: what is read of them, and what may be sent."""

from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.venues.live.filters import filters_of, fitted
from openoutcry.errors import VenueRejected, VenueUnknown
from tests.mcp_servers.execution.venue import order


def info(tick: str = "0.01", step: str = "0.001", notional: dict[str, str] | None = None, **more: Any) -> Any:
    """An exchangeInfo of one market."""
    known = notional or {"filterType": "NOTIONAL", "minNotional": "10"}
    rules = [
        {"filterType": "PRICE_FILTER", "tickSize": tick},
        {"filterType": "LOT_SIZE", "stepSize": step, "minQty": "0.001", "maxQty": "9"},
        known,
    ]
    return {"symbols": [{"symbol": "BTCUSDT", "status": "TRADING", "filters": rules, **more}]}


RULES = filters_of(info(), "BTCUSDT")


@pytest.mark.parametrize(
    "notional",
    [
        {"filterType": "NOTIONAL", "minNotional": "10"},
        {"filterType": "MIN_NOTIONAL", "minNotional": "10"},
        {"filterType": "MIN_NOTIONAL", "notional": "10"},  # as the perpetuals say it
    ],
)
def test_the_least_worth_is_read_however_it_is_called(notional: dict[str, str]) -> None:
    assert filters_of(info(notional=notional), "BTCUSDT") == RULES
    assert RULES.least_notional == 10


@pytest.mark.parametrize("wrong", [{"tick": "0"}, {"step": "0"}, {"tick": "-1"}, {"step": "x"}])
def test_rules_that_make_no_sense_are_no_rules(wrong: dict[str, str]) -> None:
    with pytest.raises(VenueUnknown):
        filters_of(info(**wrong), "BTCUSDT")


def test_a_market_that_is_not_listed_or_closed_takes_nothing() -> None:
    with pytest.raises(VenueRejected, match="BAD_SYMBOL"):
        filters_of(info(), "ETHUSDT")
    with pytest.raises(VenueRejected, match="MARKET_CLOSED"):
        fitted(order("entry", "BUY", "MARKET", "1"), filters_of(info(status="BREAK"), "BTCUSDT"))


def test_the_rules_of_a_market_are_read_of_that_market() -> None:
    other = info(tick="0.5")["symbols"][0] | {"symbol": "ETHUSDT"}
    both = {"symbols": [other, *info()["symbols"]]}
    found = filters_of(both, "BTCUSDT")
    assert (found.tick, found.step, found.least, found.most, found.trading) == (
        Decimal("0.01"), Decimal("0.001"), Decimal("0.001"), Decimal(9), True,
    )  # fmt: skip
    assert filters_of(both, "ETHUSDT").tick == Decimal("0.5")
    bare = info()
    del bare["symbols"][0]["filters"][2]
    assert filters_of(bare, "BTCUSDT").least_notional == 0
    told = {"filterType": "NOTIONAL", "minNotional": "10", "notional": "3"}
    assert filters_of(info(notional=told), "BTCUSDT").least_notional == 10


@pytest.mark.parametrize("answer", [None, [], {}, {"symbols": None}, {"symbols": [{}]}, {"symbols": [7]}])
def test_what_is_no_list_of_markets_says_nothing_of_one(answer: Any) -> None:
    with pytest.raises(VenueUnknown):
        filters_of(answer, "BTCUSDT")


@pytest.mark.parametrize("missing", [0, 1])
def test_rules_without_a_tick_or_a_step_cannot_be_read(missing: int) -> None:
    bare = info()
    del bare["symbols"][0]["filters"][missing]
    with pytest.raises(VenueUnknown):
        filters_of(bare, "BTCUSDT")


def test_a_trigger_is_the_nearest_that_the_market_knows() -> None:
    def stop(trigger: str, side: str = "SELL", **more: Any) -> Any:
        kind = "STOP_LOSS_LIMIT" if "price" in more else "STOP_LOSS"
        return fitted(order("stop_loss", side, kind, "0.5", stop_price=trigger, **more), RULES)

    assert stop("100.016").stop_price == Decimal("100.02") and stop("100.014").price is None
    assert stop("100.014").stop_price == Decimal("100.01")
    both = stop("100.016", price="100.011")
    assert (both.stop_price, both.price) == (Decimal("100.02"), Decimal("100.02"))
    with pytest.raises(VenueRejected, match="PRICE_FILTER"):
        stop("0.004")
    with pytest.raises(VenueRejected, match="NOTIONAL"):  # worth what its own price says, not its trigger
        stop("100", "BUY", price="1")
    assert limit("0.5", "100.01", "SELL").price == Decimal("100.01")


def test_a_buy_below_the_smallest_price_is_none() -> None:
    with pytest.raises(VenueRejected, match="PRICE_FILTER"):
        limit("9", "0.009")


def limit(quantity: str, price: str, side: str = "BUY", **more: Any) -> Any:
    return fitted(order("entry", side, "LIMIT", quantity, price=price, **more), RULES)


def test_never_more_than_asked_for_and_never_at_a_worse_price() -> None:
    bought, sold = limit("0.5009", "100.019"), limit("0.5009", "100.011", "SELL")
    assert (bought.quantity, bought.price) == (Decimal("0.5"), Decimal("100.01"))
    assert (sold.quantity, sold.price) == (Decimal("0.5"), Decimal("100.02"))


def test_what_is_worth_too_little_opens_nothing_and_may_still_close() -> None:
    assert limit("0.1", "100").quantity == Decimal("0.1")  # exactly the least
    with pytest.raises(VenueRejected, match="NOTIONAL"):
        limit("0.1", "99.99")
    assert limit("0.1", "99.99", reduce_only=True).quantity == Decimal("0.1")
    with pytest.raises(VenueRejected, match="NOTIONAL"):
        fitted(order("entry", "BUY", "STOP_LOSS", "0.1", stop_price="99"), RULES)


def test_less_than_a_step_is_told_from_less_than_the_market_takes() -> None:
    with pytest.raises(VenueRejected, match=r"less than a step of 0\.001"):
        limit("0.0009", "50000")
    rough = filters_of(info(step="0.0001"), "BTCUSDT")
    with pytest.raises(VenueRejected, match=r"not from 0\.001 to 9"):
        fitted(order("entry", "BUY", "MARKET", "0.0009"), rough)


@pytest.mark.parametrize("quantity", ["0.0009", "9.001"])
def test_what_is_too_small_or_too_large_is_refused(quantity: str) -> None:
    with pytest.raises(VenueRejected, match="LOT_SIZE"):
        limit(quantity, "50000")
    assert limit("9", "50000").quantity == 9 and limit("0.001", "50000").quantity == Decimal("0.001")
