"""The checker's own count of stops and targets, by the records and at the exchange."""

from typing import Any

import pytest

from simulator.checker.guards import MOST_TRIES, Guards
from simulator.checker.targets import LOST_S, SETTLED_S, Targets
from simulator.checker.verdict import Violation

RISK = {"trailing_stop": 0.01}
STOP, TARGET = ("stop_loss", "NEW"), ("take_profit", "NEW")
SOLD = {"side": "SELL", "order": 7, "quantity": 10}
TAKEN = {"type": "TAKE_PROFIT", "side": "SELL", "number": 7, "quantity": 10}


def record(
    *legs: tuple[str, str],
    stop: str | None = "99",
    price: str | None = "100",
    role: str = "trade",
    quantity: str = "1",
    fills: tuple[tuple[str, str], ...] = (),
    **detail: Any,
) -> dict[str, Any]:
    """A round's record of one position and of orders that it asked for."""
    position = {"role": role, "ordinal": 1, "opened_seq": 1, "quantity": quantity, "stop_loss": stop}
    return {
        "kind": "ROUND", "seq": 4, "snapshot": {"quote": None if price is None else {"price": price}}, "equity": "1000",
        "portfolio_after": {"positions": [position]}, "order_updates": [], "working": [], "detail": detail,
        "fills": [{"leg": leg, "side": side} for leg, side in fills],
        "orders": [{"request": {"leg": leg}, "state": {"status": state}} for leg, state in legs],
    }  # fmt: skip


@pytest.mark.parametrize(("there", "missing"), [(STOP, "take_profit"), (TARGET, "stop_loss")])
def test_a_position_has_both_of_its_guards_or_is_leaving(there: tuple[str, str], missing: str) -> None:
    Guards().record(record(STOP, TARGET), RISK)
    Guards().record(record(("flatten", "NEW")), RISK)
    with pytest.raises(Violation, match=rf"^I7: record 4: a position without a {missing}, and none tried"):
        Guards().record(record(there), RISK)


def test_a_guard_that_is_refused_is_tried_again_and_not_for_ever() -> None:
    guards = Guards()
    for _ in range(MOST_TRIES):
        guards.record(record(STOP, ("take_profit-1", "REJECTED")), RISK)
    with pytest.raises(Violation, match="no take_profit for 4 rounds"):
        guards.record(record(STOP, ("take_profit-2", "REJECTED")), RISK)


@pytest.mark.parametrize(
    ("stop", "wrong"), [("98.9", "went back"), ("99.8", "is at"), ("99.9", None), ("101", None)]
)
def test_a_stop_that_trails_follows_and_never_goes_back(stop: str, wrong: str | None) -> None:
    guards = Guards()
    guards.record(record(STOP, TARGET, stop="99"), RISK)
    later = record(STOP, TARGET, stop=stop, price="101")
    if wrong is None:
        guards.record(later, RISK)
    else:
        with pytest.raises(Violation, match=f"the stop of position 1 {wrong}"):
            guards.record(later, RISK)
    still = Guards()
    for each in ("99", stop):
        still.record(record(STOP, TARGET, stop=each, price="101"), {"trailing_stop": None})


def test_a_stop_by_hand_follows_as_its_order_said() -> None:
    guards, by_hand = Guards(), {"role": "manual", "trails": {"1": 0.02}}
    guards.record(record(stop="98", **by_hand), RISK)
    guards.record(record(stop="98", price="100.1", **by_hand), RISK)
    with pytest.raises(Violation, match="the stop of position 1 is at"):
        guards.record(record(stop="98", price="101", **by_hand), RISK)


EXIT, MORE, OWN_ENTRY = ("guard_exit-1", "SELL"), ("manual-4", "BUY"), ("entry", "BUY")


@pytest.mark.parametrize(
    ("fills", "quantity", "back"),
    [
        ((), "1", True),
        ((EXIT,), "0.5", True),
        ((EXIT, OWN_ENTRY), "0.5", True),
        ((MORE,), "2", False),
        ((EXIT, MORE), "0.5", False),  # more was sold than was added
    ],
)
def test_a_stop_goes_back_only_where_its_own_position_was_added_to(
    fills: tuple[tuple[str, str], ...], quantity: str, back: bool
) -> None:
    guards, by_hand = Guards(), {"role": "manual", "trails": {"1": 0.01}}
    guards.record(record(stop="99", **by_hand), RISK)
    lower = record(stop="98.95", fills=fills, quantity=quantity, **by_hand)
    if back:
        with pytest.raises(Violation, match="the stop of position 1 went back from 9900000000 to 9895000000"):
            guards.record(lower, RISK)
    else:
        guards.record(lower, RISK)


def test_a_target_that_was_lost_comes_back() -> None:
    targets = Targets()
    targets.hear(10.0, "venue_accepted", TAKEN)
    targets.record(11.0, record(STOP, TARGET))
    targets.second(1000.0, calm_at=0.0)
    targets.hear(100.0, "venue_ended", {"number": 7})
    targets.second(100.0 + LOST_S, calm_at=0.0)
    targets.second(100.0 + SETTLED_S, calm_at=100.0)  # while things went wrong nobody could help it
    with pytest.raises(Violation, match="without its target since 100"):
        targets.second(100.1 + LOST_S, calm_at=0.0)


def test_what_a_target_sold_wants_none_and_what_it_left_has_it() -> None:
    targets = Targets()
    targets.hear(10.0, "venue_accepted", TAKEN)
    targets.record(11.0, record(STOP, TARGET))
    targets.hear(12.0, "venue_trade", {**SOLD, "quantity": 4})
    targets.record(13.0, record(STOP, TARGET))
    targets.second(1000.0, calm_at=0.0)
    targets.hear(1000.0, "venue_trade", {**SOLD, "quantity": 6})
    targets.second(2000.0, calm_at=0.0)
    targets.record(2000.0, record(STOP))
    with pytest.raises(Violation, match="since 2000"):
        targets.second(2001.0 + LOST_S, calm_at=0.0)
