"""On a live market, orders by hand count at the time they are asked for, not at that of the last bar."""

from datetime import timedelta
from typing import Literal

import pytest

from openoutcry.settings import parse
from openoutcry.types.orders import OrderRequest, Refused
from tests.mcp_servers.execution.floor import SETTINGS
from tests.mcp_servers.execution.venue import T0, order
from tests.orchestrator.test_leftovers import LIMITS, Trader, trader

__all__ = ["trader"]
Source = Literal["live", "recorded"]
FEW = parse({"risk": LIMITS | {"max_repeats": 2, "max_orders_per_minute": 3}, "venue": SETTINGS.venue})


def wish(number: int) -> OrderRequest:
    return order(f"manual-{number}", "BUY", "MARKET", "0.1")


async def said(trader: Trader, *wishes: OrderRequest) -> dict[str, str]:
    """By leg what the gate said; whether the venue took it is not its word (these bars are long past)."""
    record = await trader.orders(*wishes)
    verdicts = {order.request.leg: order.verdict for order in record.orders}
    return {leg: word.rule if isinstance(word, Refused) else word.kind for leg, word in verdicts.items()}


def few(trader: Trader, source: Source = "live") -> None:
    trader.settings = FEW
    trader.desk.facts = trader.desk.facts.model_copy(update={"source": source})


async def test_the_same_wish_again_after_its_window_is_no_burst_within_one_bar(trader: Trader) -> None:
    few(trader)
    for number in (1, 2):
        assert await said(trader, wish(number)) == {f"manual-{number}": "approved"}
    trader.time = T0 + timedelta(seconds=59)
    [third] = (await trader.orders(wish(3))).orders
    assert isinstance(third.verdict, Refused)
    assert (third.verdict.rule, third.verdict.value, third.verdict.limit) == ("repeat_throttle", "3", "2")
    trader.time = T0 + timedelta(seconds=60)
    assert await said(trader, wish(4)) == {"manual-4": "approved"}
    assert trader.desk.as_of == T0  # no bar has closed in all this time


async def test_other_wishes_are_counted_by_the_minute(trader: Trader) -> None:
    few(trader)
    limits = [order(f"manual-{n}", "BUY", "LIMIT", "1", price=str(90 + n)) for n in range(5)]
    assert list((await said(trader, *limits[:4])).values()) == ["approved"] * 3 + ["max_orders_per_minute"]
    trader.time = T0 + timedelta(seconds=61)
    assert await said(trader, limits[4]) == {"manual-4": "approved"}


@pytest.mark.parametrize(("source", "later_s"), [("live", -3600), ("recorded", 3600)])
async def test_a_clock_that_lags_behind_the_last_bar_or_is_not_the_markets_counts_for_nothing(
    trader: Trader, source: Source, later_s: int
) -> None:
    few(trader, source)
    assert await said(trader, wish(1), wish(2)) == {"manual-1": "approved", "manual-2": "approved"}
    trader.time = T0 + timedelta(seconds=later_s)
    assert await said(trader, wish(3)) == {"manual-3": "repeat_throttle"}
    assert trader.desk.traffic.today == 2
