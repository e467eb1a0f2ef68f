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


@pytest.mark.parametrize("quantity", ["0.0009", "9.001"])
def test_what_is_too_small_or_too_large_is_refused(quantity: str) -> None:
    with pytest.raises(VenueRejected, match="LOT_SIZE"):
        limit(quantity, "50000")
    assert limit("9", "50000").quantity == 9 and limit("0.001", "50000").quantity == Decimal("0.001")
