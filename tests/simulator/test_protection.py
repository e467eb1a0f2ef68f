"""The checker's own count of what has no stop, and of what is sent to mend it."""

import pytest

from simulator.checker.protection import MOST_TRIES, NAKED_S, Protection
from simulator.checker.verdict import Violation

COIN = 10**8


def holding(*, stop: int) -> Protection:
    """A coin bought at 10 s, with a stop for part of it at 11 s."""
    found = Protection()
    found.hear(10.0, "venue_trade", {"side": "BUY", "quantity": COIN, "order": 1})
    told = {"side": "SELL", "type": "STOP_LOSS", "number": 2, "quantity": stop}
    found.hear(11.0, "venue_accepted", told)
    return found


def test_what_a_stop_covers_is_not_naked_and_what_it_leaves_is() -> None:
    assert holding(stop=COIN).naked_since is None
    left = holding(stop=COIN - 1000)
    left.second(10.0 + NAKED_S, calm_since=0.0)
    left.second(100.0 + NAKED_S, calm_since=100.0)  # while things went wrong nobody could help it
    with pytest.raises(Violation, match=r"^I7: 100000000 units"):
        left.second(10.1 + NAKED_S, calm_since=0.0)


def test_a_stop_that_ended_protects_nothing_and_one_that_executed_leaves_nothing() -> None:
    gone = holding(stop=COIN)
    gone.hear(20.0, "venue_ended", {"number": 2})
    assert gone.naked_since == 20.0
    out = holding(stop=COIN)
    out.hear(20.0, "venue_trade", {"side": "SELL", "quantity": COIN, "order": 2})
    out.hear(20.0, "venue_ended", {"number": 2})
    assert out.naked_since is None


def test_a_storm_of_protecting_orders_is_one() -> None:
    storm = Protection()
    for number in range(MOST_TRIES):
        storm.row(number / 10, "orders", None, {"leg": f"stop_loss-{number}", "client_order_id": "x"})
    storm.row(5.0, "orders", None, {"leg": "stop_loss", "client_order_id": "a round's own"})
    with pytest.raises(Violation, match="I7: x: 25 orders"):
        storm.row(6.0, "orders", None, {"leg": "guard_exit-1", "client_order_id": "x"})
    storm.row(120.0, "orders", None, {"leg": "guard_exit-2", "client_order_id": "x"})
