"""How often the gate lets through, and loss limits that stay reached."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.risk.gate import review
from openoutcry.risk.latch import Latch, latched, rebased
from openoutcry.risk.limits import LimitUse
from openoutcry.risk.traffic import Traffic, heard, told
from openoutcry.types.orders import Refused
from tests.openoutcry.risk.books import (
    AT,
    PERP,
    SPOT,
    gate_input,
    holding,
    position,
    request,
    settings,
    working,
)

BUY = request("entry", SPOT, "BUY", 10)
OUT = request("exit", SPOT, "SELL", 10)
HELD = holding(position(SPOT, "LONG", 10))
SECOND = timedelta(seconds=1)


def sent(count: int, order=BUY, at=AT) -> Traffic:
    traffic = Traffic()
    for _ in range(count):
        traffic = traffic.plus(order, at)
    return traffic


def test_an_order_counts_as_sent_at_the_time_of_the_view_and_nowhere_without_one():
    timeless = gate_input()
    assert timeless.counting(BUY) is timeless
    view = gate_input(as_of=AT, traffic=sent(1))
    assert view.counting(BUY) == gate_input(as_of=AT, traffic=sent(2))


def verdict(order, book, **risk):
    found = review(order, book, settings(risk=risk))
    return (found.rule, found.value, found.limit) if isinstance(found, Refused) else "approved"


def test_orders_a_minute():
    other = request("entry", SPOT, "BUY", 1, "LIMIT", price=Decimal(99))
    full = gate_input(traffic=sent(3, other), as_of=AT + SECOND * 59)
    assert verdict(BUY, full, max_orders_per_minute=3) == ("max_orders_per_minute", "4", "3")
    assert verdict(BUY, full, max_orders_per_minute=4) == "approved"
    assert (
        verdict(BUY, gate_input(traffic=sent(3, other), as_of=AT + SECOND * 60), max_orders_per_minute=3)
        == "approved"
    )
    out = gate_input(HELD, traffic=sent(3, other), as_of=AT)
    assert verdict(OUT, out, max_orders_per_minute=3) == "approved"


def test_orders_a_day():
    traffic = sent(3).at(AT + timedelta(hours=6), 60)
    assert (traffic.today, traffic.recent) == (3, ())
    later = gate_input(traffic=traffic, as_of=AT + timedelta(hours=6))
    assert verdict(BUY, later, max_orders_per_day=3) == ("max_orders_per_day", "4", "3")
    assert verdict(OUT, gate_input(HELD, traffic=traffic, as_of=AT), max_orders_per_day=3) == "approved"
    tomorrow = AT + timedelta(days=1)
    assert traffic.at(tomorrow, 60).today == 0


def test_the_same_signal_again_and_again():
    again = gate_input(traffic=sent(2), as_of=AT + SECOND * 9)
    assert verdict(BUY, again, max_repeats=2, repeat_window_s=10) == ("repeat_throttle", "3", "2")
    assert verdict(BUY, again, max_repeats=2, repeat_window_s=9) == "approved"
    larger = request("entry", SPOT, "BUY", 11)  # another size of the same wish
    assert verdict(larger, again, max_repeats=2, repeat_window_s=10) == ("repeat_throttle", "3", "2")
    for other in (
        request("entry", SPOT, "BUY", 10, "LIMIT", price=Decimal(100)),
        request("entry", PERP, "SELL", 10),
        request("manual-7", SPOT, "BUY", 10),
    ):
        assert verdict(other, again, max_repeats=2, repeat_window_s=10) == "approved"
    numbered = gate_input(traffic=sent(2, request("manual-1", SPOT, "BUY", 10)), as_of=AT)
    assert verdict(request("manual-2", SPOT, "BUY", 1), numbered, max_repeats=2)[0] == "repeat_throttle"
    assert verdict(OUT, gate_input(HELD, traffic=sent(9, OUT), as_of=AT), max_repeats=2) == "approved"


def test_the_very_order_that_is_still_working():
    resting = request("entry", SPOT, "BUY", 1, "LIMIT", price=Decimal(90))
    book = gate_input(working=(working(resting, seq=4),))
    again = resting.model_copy(update={"leg": "manual-1"})
    assert verdict(again, book) == ("duplicate_order", "manual-1", "entry of round 4")
    for other in ({"price": Decimal(91)}, {"quantity": Decimal(2)}):
        assert verdict(resting.model_copy(update={"leg": "manual-1", **other}), book) == "approved"
    stop = request("stop_loss", SPOT, "SELL", 5, "STOP_LOSS", stop_price=Decimal(90), reduce_only=True)
    twice = gate_input(HELD, working=(working(stop),))  # two positions' stops may be alike
    assert verdict(stop.model_copy(update={"leg": "stop_loss-2"}), twice) == "approved"


def test_exposure_counts_what_is_in_flight():
    """The limit holds for what could come of all that was sent, executed or not, answered or not."""
    flying = working(request("entry", SPOT, "BUY", 15)).model_copy()
    unknown = flying.model_copy(update={"state": flying.state.model_copy(update={"status": "UNKNOWN"})})
    for order in (flying, unknown):
        assert (
            verdict(request("manual-1", SPOT, "BUY", 6), gate_input(working=(order,)))[0]
            == "max_position_size"
        )
        assert verdict(request("manual-1", SPOT, "BUY", 4), gate_input(working=(order,))) == "approved"
    limits = {"max_position_size": 1.0, "max_gross_exposure": 0.2}
    assert (
        verdict(request("hedge", PERP, "SELL", 6), gate_input(working=(flying,)), **limits)[0]
        == "max_gross_exposure"
    )


@pytest.mark.parametrize("rule", ["max_daily_loss", "max_drawdown"])
def test_a_loss_limit_that_was_reached_stays_reached(rule):
    held = Latch(value="0.16", limit="0.15", seq=7, as_of=AT)
    book = gate_input(latched={rule: held})  # by now nothing is lost any more
    assert verdict(BUY, book) == (rule, "0.16", "0.15")
    found = review(BUY, book, settings())
    assert isinstance(found, Refused) and "record 7" in found.message and "admin" in found.message
    out = gate_input(HELD, latched={rule: held})
    assert verdict(OUT, out) == verdict(request("hedge", PERP, "SELL", 10), out) == "approved"


def test_a_latch_keeps_its_first_cause():
    use = LimitUse("max_drawdown", Decimal("0.16"), Decimal("0.15"))
    calm = LimitUse("max_drawdown", Decimal("0.01"), Decimal("0.15"))
    first = latched({}, [use], 3, AT)
    assert first["max_drawdown"].model_dump() == {"value": "0.16", "limit": "0.15", "seq": 3, "as_of": AT}
    assert latched(first, [calm], 4, AT) == latched(first, [use], 5, AT) == first
    assert latched({}, [calm], 4, AT) == {}
    assert rebased(HELD, Decimal(5)).peak_equity == rebased(HELD, Decimal(5)).day_start_equity == 5


@given(st.lists(st.tuples(st.integers(0, 200_000), st.sampled_from([BUY, OUT]))))
def test_traffic_survives_its_record_and_forgets_what_is_over(moves):
    traffic, now = Traffic(), AT
    for gap, order in moves:
        now += SECOND * gap
        traffic = traffic.at(now, 60).plus(order, now)
        assert heard(told(traffic)) == traffic
        assert 1 <= traffic.last_minute(now) <= traffic.today
        assert all(at > now - SECOND * 60 for at, _ in traffic.recent)
    assert told(Traffic()) is None and heard(None) == Traffic()
