"""The edges of protection: when a bare position is acted upon, where a stop belongs, which orders guard what."""

from datetime import UTC, datetime
from decimal import Decimal as D

import pytest

from openoutcry.orders import stem
from openoutcry.risk.brackets import (
    EXIT,
    HALT_EXIT,
    MOST_TARGETS,
    STOP,
    TARGET,
    by_itself,
    closer,
    covered,
    lots,
    mending,
    permits,
    untargeted,
)
from openoutcry.risk.flattening import closing, exits
from openoutcry.risk.naked import GRACE_S, OUT_S, PAUSE_S, RETRIES, Naked, bare_since, next_act
from openoutcry.risk.trailing import trailed
from openoutcry.types.book import Position
from openoutcry.types.orders import Bracket
from tests.openoutcry.risk.test_brackets import ENTRY, MANUAL, STEP_OF_VENUE, Told, bare, stop, told

SHORT = told(1, "entry", "SELL", "1")


def guard(seq: int, leg: str, status: str = "NEW", group: str | None = None, executed: str = "0") -> Told:
    kind = "TAKE_PROFIT" if stem(leg) == TARGET else "STOP_LOSS"
    more = {"stop_price": "95", "reduce_only": True, "oco_group": group}
    return told(seq, leg, "SELL", "1", executed, status, type=kind, **more)


@pytest.mark.parametrize(
    ("naked", "after_s", "act"),
    [
        (Naked(0, D(1)), GRACE_S - 0.01, "wait"),
        (Naked(0, D(1)), GRACE_S, "stop"),
        (Naked(0, D(1)), OUT_S, "stop"),  # whoever could not look earlier still tries the stop first
        (Naked(0, D(1), stops=1), OUT_S - 0.01, "stop"),
        (Naked(0, D(1), stops=1), OUT_S, "exit"),
        (Naked(0, D(1), stops=RETRIES), 1.0, "stop"),
        (Naked(0, D(1), stops=RETRIES + 1), 1.0, "exit"),
        (Naked(0, D(1), hopeless=True), 1.0, "exit"),
        (Naked(0, D(1), stops=3, exits=1, last=5.0), 5.0 + PAUSE_S - 0.01, "wait"),
        (Naked(0, D(1), stops=3, exits=1, last=5.0), 5.0 + PAUSE_S, "exit"),
        (Naked(0, D(1), stops=1, last=1.0), 1.01, "stop"),  # only exits are apart
        (Naked(100, D(1)), 100.5, "wait"),  # counted from when it was seen
        (Naked(100, D(1), stops=1), 102, "stop"),
        (Naked(100, D(1), stops=1), 103, "exit"),
    ],
)
def test_a_bare_position_is_acted_upon_in_time_and_not_in_a_storm(
    naked: Naked, after_s: float, act: str
) -> None:
    assert next_act(naked, after_s) == act


def test_the_numbers_of_the_clock_are_those_that_keep_the_promise() -> None:
    assert (GRACE_S, OUT_S, PAUSE_S, RETRIES) == (0.6, 2.6, 4.0, 2)  # naked for five seconds at most


def test_a_try_is_counted_with_what_was_said_against_it() -> None:
    fresh = bare_since(None, D(1), 7.0)
    assert fresh == Naked(7.0, D(1), stops=0, exits=0, last=0.0, hopeless=False)
    assert fresh.tried("stop", 8.0, None) == Naked(7.0, D(1), stops=1, last=8.0)
    assert fresh.tried("stop", 8.0, "busy").tried("exit", 9.0, None) == Naked(7.0, D(1), 1, 1, 9.0)
    for error in ("Order would Immediately trigger.", "Filter failure: LOT_SIZE", "Filter failure: NOTIONAL"):
        hopeless = fresh.tried("stop", 8.0, error)
        assert hopeless.hopeless and hopeless.tried("exit", 9.0, None).hopeless


def test_a_stretch_whose_size_changes_goes_on() -> None:
    before = Naked(7.0, D(1), stops=2, last=8.0)
    assert bare_since(before, D(1), 9.0) is before
    assert bare_since(before, D(2), 9.0) == Naked(7.0, D(2), stops=2, last=8.0)


@pytest.mark.parametrize(
    ("side", "stop_at", "price", "trail", "wanted"),
    [
        ("BUY", "89", "100", 0.1, "90"),  # a tenth of its distance: just worth it
        ("BUY", "89.01", "100", 0.1, None),
        ("BUY", "91", "100", 0.1, None),  # never back
        ("SELL", "111", "100", 0.1, "110"),
        ("SELL", "110.99", "100", 0.1, None),
        ("SELL", "109", "100", 0.1, None),
        ("BUY", "0.001", "0.004", 0.5, "0.01"),  # no price is below a tick
    ],
)
def test_where_a_stop_that_trails_belongs(
    side: str, stop_at: str, price: str, trail: float, wanted: str | None
) -> None:
    found = trailed(side, D(stop_at), D(price), trail, D("0.01"))  # type: ignore[arg-type]
    assert found == (None if wanted is None else D(wanted))


def test_closer_is_strict() -> None:
    assert closer("BUY", D(2), D(1)) and not closer("BUY", D(1), D(1)) and not closer("BUY", D(1), D(2))
    assert closer("SELL", D(1), D(2)) and not closer("SELL", D(1), D(1)) and not closer("SELL", D(2), D(1))


def test_legs_that_the_execution_server_makes_by_itself() -> None:
    for kind in (STOP, TARGET, EXIT, HALT_EXIT):
        assert by_itself(f"{kind}-1") and not by_itself(kind)
    assert not by_itself("manual-1") and not by_itself("hedge-2") and not by_itself("entry")


def test_what_is_covered_of_a_long_and_of_a_short() -> None:
    found = covered((1, "entry"), D(1), (ENTRY, stop(1, "0.4")), STEP_OF_VENUE, {(1, "entry")})
    assert found is not None and (found.held, found.bare, found.leaving, found.idle) == (
        1,
        D("0.6"),
        False,
        (),
    )
    short = covered((1, "entry"), D("-0.7"), (SHORT,), STEP_OF_VENUE)
    assert short is not None and (short.held, short.bare) == (D("0.7"), D("0.7"))
    turned = covered((1, "entry"), D("0.7"), (SHORT,), STEP_OF_VENUE)  # the account went the other way
    assert turned is not None and (turned.held, turned.bare) == (0, 0)
    unfilled = told(1, "entry", "BUY", "1", "0", "NEW")
    assert covered((1, "entry"), D(0), (unfilled,), STEP_OF_VENUE) is None


def test_a_stop_that_filled_in_part_guards_the_rest() -> None:
    part = guard(1, "stop_loss", "PARTIALLY_FILLED", executed="0.3")
    found = covered((1, "entry"), D("0.7"), (ENTRY, part), STEP_OF_VENUE)
    assert found is not None and (found.held, found.bare) == (D("0.7"), 0)
    assert bare((2, "manual-9"), "1.2", ENTRY, MANUAL, part) == D("0.5")


def test_of_a_stop_that_filled_in_part_only_the_rest_is_kept_for_an_entry_without_a_bracket() -> None:
    part = told(1, "stop_loss", "SELL", "0.6", "0.2", "PARTIALLY_FILLED", type="STOP_LOSS", stop_price="95")
    own = stop(2, "0.5", "stop_loss-1")
    assert bare((2, "manual-9"), "1.3", ENTRY, MANUAL, part, own, bracketed={(2, "manual-9")}) == 0


def test_what_has_no_bracket_stands_in_nobodys_way() -> None:
    assert bare((2, "manual-9"), "1.5", ENTRY, MANUAL, bracketed={(2, "manual-9")}) == D("0.5")


@pytest.mark.parametrize("leg", ["exit", "flatten", "guard_exit-1", "halt_exit-1"])
def test_an_exit_that_works_is_left_to_it(leg: str) -> None:
    leaving = told(2, leg, "SELL", "1", "0", "NEW", reduce_only=True)
    found = covered((1, "entry"), D(1), (ENTRY, leaving), STEP_OF_VENUE)
    assert found is not None and found.leaving and found.bare == 1
    ended = told(2, leg, "SELL", "1", "0", "CANCELED", reduce_only=True)
    found = covered((1, "entry"), D(1), (ENTRY, ended), STEP_OF_VENUE)
    assert found is not None and not found.leaving


def test_a_guard_is_idle_when_its_position_is_gone_or_its_pair_has_executed() -> None:
    both = (guard(1, "stop_loss"), guard(1, "take_profit"))
    gone = covered((1, "entry"), D("0.0004"), (ENTRY, *both), STEP_OF_VENUE)
    assert gone is not None and gone.idle == ((1, "stop_loss"), (1, "take_profit"))
    kept = covered((1, "entry"), D("0.001"), (ENTRY, *both), STEP_OF_VENUE)
    assert kept is not None and kept.idle == ()
    target = guard(1, "take_profit", "FILLED", "bracket-1", executed="1")
    stops = (guard(1, "stop_loss", group="bracket-1"), guard(2, "stop_loss", group="bracket-2"))
    paired = covered((1, "entry"), D(1), (ENTRY, MANUAL, *stops, target), STEP_OF_VENUE)
    assert paired is not None and paired.idle == ((1, "stop_loss"),)
    half = guard(1, "take_profit", "CANCELED", "bracket-1", executed="0.5")
    there = covered((1, "entry"), D(1), (ENTRY, stops[0], half), STEP_OF_VENUE)
    assert there is not None and there.idle == ()
    by_hand = told(3, "manual-1", "SELL", "1", "0", "NEW", reduce_only=True)
    opens = told(3, "stop_loss", "SELL", "1", "0", "NEW", type="STOP_LOSS", stop_price="95")
    gone = covered((1, "entry"), D(0), (ENTRY, by_hand, opens), STEP_OF_VENUE)
    assert gone is not None and gone.idle == ()  # only what guards, and only what cannot open


def test_an_idle_stop_covers_nothing() -> None:
    target = guard(1, "take_profit", "FILLED", "bracket-1", executed="0.2")
    orders = (ENTRY, guard(1, "stop_loss", group="bracket-1"), target)
    found = covered((1, "entry"), D("0.8"), orders, STEP_OF_VENUE)
    assert found is not None and found.bare == D("0.8")


def test_lots_are_what_opened_less_what_closed_and_a_hedge_is_neither() -> None:
    hedge = told(2, "hedge", "SELL", "0.5")
    other = told(3, "entry", "BUY", "9", symbol="ETH/USDT")
    bought_back = told(4, "exit", "BUY", "7", reduce_only=True)
    orders = (ENTRY, MANUAL, hedge, other, bought_back)
    assert lots("BTC/USDT", "SELL", D("1.5"), orders) == {(1, "entry"): D(1), (2, "manual-9"): D("0.5")}
    assert lots("BTC/USDT", "SELL", D("0.9"), orders) == {(1, "entry"): D("0.4"), (2, "manual-9"): D("0.5")}
    sold = told(5, "exit", "SELL", "1.2", reduce_only=True)
    assert lots("BTC/USDT", "SELL", D("0.3"), (*orders, sold)) == {
        (1, "entry"): 0,
        (2, "manual-9"): D("0.3"),
    }
    strangers = D(1)  # the account holds more than these orders bought: what was sold is sold all the same
    assert lots("BTC/USDT", "SELL", D("0.3") + strangers, (*orders, sold)) == {
        (1, "entry"): 0,
        (2, "manual-9"): D("0.3"),
    }
    more = told(6, "entry", "BUY", "2")  # what was closed before it is not taken from it
    assert lots("BTC/USDT", "SELL", D("2.3"), (*orders, sold, more))[6, "entry"] == 2


def test_a_target_is_missing_until_it_was_tried_thrice_or_stands_or_executed() -> None:
    entry, waiting = ENTRY[0], guard(1, "stop_loss-1")
    ended = [guard(1, f"take_profit-{n}", "REJECTED") for n in range(MOST_TARGETS)]
    assert MOST_TARGETS == 3
    assert untargeted(1, entry, (ENTRY, waiting)) == [waiting]
    assert untargeted(1, entry, (ENTRY, waiting, *ended[:2])) == [waiting]
    assert untargeted(1, entry, (ENTRY, waiting, *ended)) == ()
    for status in ("NEW", "PARTIALLY_FILLED", "FILLED"):
        assert untargeted(1, entry, (ENTRY, waiting, guard(1, "take_profit-1", status))) == ()
    others = (guard(2, "stop_loss-1"), guard(2, "take_profit-1"), guard(1, "stop_loss-2", "CANCELED"))
    assert untargeted(1, entry, (ENTRY, waiting, *others)) == [waiting]


def test_the_order_that_mends_names_what_it_is() -> None:
    entry, bracket = ENTRY[0], Bracket(stop_loss=D(95), take_profit=D(110))
    stop_, target, exit_ = (mending(entry, bracket, kind, 3, 7, D("0.2")) for kind in (STOP, TARGET, EXIT))
    assert [(one.leg, one.type, one.stop_price, one.oco_group) for one in (stop_, target, exit_)] == [
        ("stop_loss-3", "STOP_LOSS", D(95), "bracket-7-3"),
        ("take_profit-3", "TAKE_PROFIT", D(110), "bracket-7-3"),
        ("guard_exit-3", "MARKET", None, None),
    ]
    for one in (stop_, target, exit_):
        assert (one.symbol, one.side, one.quantity, one.reduce_only) == ("BTC/USDT", "SELL", D("0.2"), True)
        assert one.reason is not None and one.reason.endswith("by the standing instruction of round 7")
    assert [one.reason.partition(":")[0] for one in (stop_, target, exit_) if one.reason] == [
        "STOP_LOSS",
        "TAKE_PROFIT",
        "NAKED",
    ]
    assert mending(entry, bracket, STOP, 1, 7, D(1), D(96)).stop_price == 96


def test_a_bracket_lets_nothing_out_that_it_does_not_name() -> None:
    entry, bracket = ENTRY[0], Bracket(stop_loss=D(95), take_profit=D(110), trail=0.02)
    stop_, target, exit_ = (mending(entry, bracket, kind, 1, 1, D(1)) for kind in (STOP, TARGET, EXIT))
    for good, change in (
        (stop_, {"type": "STOP_LOSS_LIMIT"}),
        (stop_, {"type": "TAKE_PROFIT"}),
        (stop_, {"stop_price": None}),
        (stop_, {"quantity": D(0)}),
        (target, {"type": "STOP_LOSS"}),
        (target, {"stop_price": D(111)}),
        (exit_, {"type": "LIMIT"}),
        (exit_, {"leg": "halt_exit-1"}),
        (exit_, {"leg": "guard_exit"}),
    ):
        assert permits(entry, bracket, D(1), good)
        assert not permits(entry, bracket, D(1), good.model_copy(update=change))


STEPS = {"BTC/USDT": STEP_OF_VENUE, "ETH/USDT": D(2)}


def test_an_accounts_exits_are_numbered_after_those_that_the_record_has() -> None:
    earlier = [
        told(4, "halt_exit-1", "SELL", "1", "0", "REJECTED", reduce_only=True),
        told(4, "halt_exit-2", "SELL", "1", "0", "REJECTED", reduce_only=True),
        told(3, "halt_exit-1", "SELL", "1", "0", "REJECTED", reduce_only=True),
        told(4, "exit", "SELL", "1", "0", "REJECTED", reduce_only=True),
    ]
    made = closing({"ETH/USDT": D("3.9"), "BTC/USDT": D(1)}, earlier, steps=STEPS, seq=4, reason="r" * 600)
    assert [(one.leg, one.symbol, one.type) for one in made] == [
        ("halt_exit-3", "BTC/USDT", "MARKET"),
        ("halt_exit-4", "ETH/USDT", "MARKET"),
    ]
    assert [one.quantity for one in made] == [1, 2], "each in its own steps"
    assert all(one.reason is not None and len(one.reason) == 500 for one in made)
    elsewhere = told(3, "exit", "SELL", "1", "0", "NEW", reduce_only=True, symbol="ETH/USDT")
    entering = told(5, "entry", "SELL", "1", "0", "NEW")
    [one] = closing({"BTC/USDT": D(1)}, [elsewhere, entering], steps=STEPS, seq=4, reason="enough")
    assert one.quantity == 1 and one.reason == "FLATTEN: enough"


def test_positions_are_closed_at_market_in_whole_steps_and_what_is_less_stays() -> None:
    held = [
        Position(
            ordinal=number, symbol="BTC/USDT", side=side, quantity=D(quantity), entry_quantity=D(2),
            entry_price=D(100), entry_time=datetime(2024, 1, 1, tzinfo=UTC), opened_seq=1,
        )
        for number, side, quantity in ((4, "LONG", "1.9996"), (5, "SHORT", "0.5"), (6, "LONG", "0.0009"))
    ]  # fmt: skip
    long, short = exits(held, steps=STEPS, reason="r" * 600)
    assert (long.leg, long.side, long.quantity) == ("flatten-4", "SELL", D("1.999"))
    assert (short.leg, short.side, short.quantity) == ("flatten-5", "BUY", D("0.5"))
    for one in (long, short):
        assert (one.symbol, one.type, one.reduce_only) == ("BTC/USDT", "MARKET", True)
        assert one.reason is not None and one.reason.startswith("FLATTEN: r") and len(one.reason) == 500
    assert exits(held[2:], steps=STEPS, reason="enough") == ()
