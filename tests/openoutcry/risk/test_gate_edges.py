"""The gate at its edges: exactly at a limit passes and a step beyond does not; what an order does is computed to the unit."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.risk.case import Case
from openoutcry.risk.gate import only_reduces, review
from openoutcry.risk.latch import Latch
from openoutcry.risk.rules import book as bearing
from openoutcry.risk.traffic import Traffic
from openoutcry.types.orders import OrderRequest, Refused
from tests.openoutcry.risk.books import (
    AT,
    ETH,
    FREE,
    PERP,
    SPOT,
    gate_input,
    holding,
    position,
    request,
    settings,
    working,
)

LONG = holding(position(SPOT, "LONG", 10))
BUY = request("entry", SPOT, "BUY", 10)
SHORT = request("entry", PERP, "SELL", 10)
WIDE = {"max_position_size": 1, "max_gross_exposure": 1, "cash_buffer": 0}


def free(**risk: Any) -> Any:
    """Settings where nothing costs anything and half of a perpetual's notional is set aside."""
    return settings(venue=FREE, risk={**WIDE, "perp_margin": 0.5, **risk})


def said(order: OrderRequest, book: dict[str, Any], told: Any) -> tuple[str, ...]:
    word = review(order, gate_input(**book), told)
    return (word.rule, word.value, word.limit) if isinstance(word, Refused) else ()


def limit(symbol: str, side: str, price: Any, quantity: Any = 10, leg: str = "entry") -> OrderRequest:
    return request(leg, symbol, side, quantity, "LIMIT", price=Decimal(str(price)))


@pytest.mark.parametrize(
    ("order", "book", "risk", "refused"),
    [
        pytest.param(BUY, {"portfolio": holding(capital=1000)}, {}, (), id="the last of the cash"),
        pytest.param(BUY, {"portfolio": holding(capital="999.99")}, {}, ("cash", "1000", "999.99"), id="one cent short"),
        pytest.param(SHORT, {"portfolio": holding(capital=500)}, {"max_position_size": 1, "max_gross_exposure": 10},
                     ("max_position_size", "2", "1"), id="margin is there"),
        pytest.param(SHORT, {"portfolio": holding(capital=499)}, {}, ("cash", "500", "499"), id="margin is short"),
        pytest.param(SHORT, {"portfolio": holding(position(PERP, "SHORT", 5), capital=700)}, {},
                     ("cash", "500", "450"), id="margin of what is new alone"),
        pytest.param(BUY, {}, {"max_order_notional": 1000}, (), id="as large as an order may be"),
        pytest.param(BUY, {}, {"max_order_notional": "999.99"}, ("max_order_notional", "1000", "999.99"), id="larger"),
        pytest.param(request("entry", SPOT, "BUY", "0.05"), {}, {}, (), id="as small as an order may be"),
        pytest.param(BUY, {"placed": (request("hedge", PERP, "SELL", 1),)}, {"max_orders_per_round": 2}, (), id="last of round"),
        pytest.param(BUY, {"traffic": Traffic(today=4)}, {"max_orders_per_day": 5}, (), id="the last of the day"),
        pytest.param(BUY, {"traffic": Traffic(today=5)}, {"max_orders_per_day": 5}, ("max_orders_per_day", "6", "5"), id="no"),
        pytest.param(limit(SPOT, "BUY", 105), {}, {}, (), id="a buy at the collar"),
        pytest.param(limit(SPOT, "BUY", "105.01"), {}, {}, ("price_collar", "105.01", "105"), id="a buy through it"),
        pytest.param(limit(PERP, "SELL", 95), {}, {}, (), id="a sell at the collar"),
        pytest.param(limit(PERP, "SELL", "94.99"), {}, {}, ("price_collar", "94.99", "95"), id="a sell through it"),
        pytest.param(BUY, {}, {"max_position_size": 0.1}, (), id="a position as large as may be"),
        pytest.param(request("entry", SPOT, "BUY", 5), {"portfolio": LONG}, {"max_gross_exposure": 0.15}, (),
                     id="exposure counts a symbol once"),
        pytest.param(request("entry", ETH, "BUY", 50), {"portfolio": LONG}, {"max_gross_exposure": 0.15}, (), id="with others"),
        pytest.param(request("entry", ETH, "BUY", 51), {"portfolio": LONG}, {"max_gross_exposure": 0.15},
                     ("max_gross_exposure", "0.151", "0.15"), id="to the unit"),
    ],
)  # fmt: skip
def test_at_the_limit_passes_and_beyond_it_does_not(
    order: OrderRequest, book: dict[str, Any], risk: dict[str, Any], refused: tuple[str, ...]
) -> None:
    assert said(order, book, free(**risk)) == refused


@pytest.mark.parametrize(
    ("order", "book", "effect"),
    [
        pytest.param(request("hedge", PERP, "SELL", 10), {"portfolio": LONG}, "hedges", id="all of it"),
        pytest.param(request("hedge", PERP, "SELL", "10.5"), {"portfolio": LONG}, "adds", id="more than is held"),
        pytest.param(request("hedge", PERP, "SELL", 12),
                     {"portfolio": holding(position(SPOT, "LONG", 10), position(ETH, "LONG", 5, 10))}, "adds", id="not another"),
        pytest.param(request("hedge", PERP, "BUY", "0.1"), {"portfolio": holding(position(SPOT, "LONG", "0.5"))}, "adds", id="x"),
        pytest.param(request("exit", SPOT, "SELL", "0.5"), {}, "adds", id="spot that is not held hedges nothing"),
        pytest.param(request("exit", SPOT, "SELL", 10), {"portfolio": LONG}, "reduces", id="an exit"),
        pytest.param(request("exit", SPOT, "SELL", "10.00001"), {"portfolio": LONG}, "adds", id="an exit too far"),
        pytest.param(request("exit", SPOT, "SELL", 99, reduce_only=True), {"portfolio": LONG}, "reduces", id="cut short"),
        pytest.param(request("entry", SPOT, "BUY", 1), {"portfolio": LONG}, "adds", id="more of the same"),
    ],
)  # fmt: skip
def test_what_an_order_does_is_computed(order: OrderRequest, book: dict[str, Any], effect: str) -> None:
    assert Case(order, gate_input(**book), settings()).effect == effect
    assert only_reduces(order, gate_input(**book), settings()) is (effect == "reduces")
    refused = said(order, {**book, "paused": True}, settings())
    assert (refused[:1] == ("paused",)) is (effect == "adds")


def test_what_reduces_passes_a_book_that_is_beyond_every_limit_also_where_prices_are_known() -> None:
    told = settings(risk={"max_gross_exposure": 0, "max_position_size": 0, "max_order_notional": 1})
    assert said(request("exit", SPOT, "SELL", 3), {"portfolio": LONG}, told) == ()


RESTING_SELL = working(limit(SPOT, "SELL", 101, 5, "manual-1"))
RESTING_BUY = working(limit(PERP, "BUY", 99, 5, "manual-1"))
WAITING_BUY = request(
    "manual", SPOT, "BUY", 1, "STOP_LOSS_LIMIT", price=Decimal(102), stop_price=Decimal(101)
)
STOP = working(
    request("stop_loss", PERP, "BUY", 5, "STOP_LOSS_LIMIT", price=Decimal(105), stop_price=Decimal(104))
)


@pytest.mark.parametrize(
    ("order", "resting", "refused"),
    [
        pytest.param(limit(SPOT, "BUY", 101), (RESTING_SELL,), ("self_match", "101", "101"), id="a buy meets it"),
        pytest.param(limit(SPOT, "BUY", "100.99"), (RESTING_SELL,), (), id="a buy below it"),
        pytest.param(limit(PERP, "SELL", 99), (RESTING_BUY,), ("self_match", "99", "99"), id="a sell meets it"),
        pytest.param(limit(PERP, "SELL", "98.5"), (RESTING_BUY,), ("self_match", "98.5", "99"), id="a sell below it"),
        pytest.param(limit(PERP, "SELL", "99.01"), (RESTING_BUY,), (), id="a sell above it"),
        pytest.param(limit(PERP, "SELL", 99), (STOP, RESTING_BUY), ("self_match", "99", "99"), id="behind one that waits"),
        pytest.param(limit(PERP, "SELL", 99), (STOP,), (), id="one that waits is not there yet"),
        pytest.param(request("manual", SPOT, "BUY", 1), (RESTING_SELL,), (), id="at any price"),
        pytest.param(WAITING_BUY, (RESTING_SELL,), (), id="one that waits itself"),
        pytest.param(limit(PERP, "BUY", 103), (RESTING_BUY,), (), id="the same side"),
        pytest.param(limit(PERP, "SELL", 99), (working(limit(SPOT, "BUY", 99, 5, "manual-1")),), (), id="another symbol"),
    ],
)  # fmt: skip
def test_no_order_meets_our_own(
    order: OrderRequest, resting: tuple[Any, ...], refused: tuple[str, ...]
) -> None:
    assert (
        said(order, {"portfolio": LONG, "working": resting}, free(max_position_size=1, max_gross_exposure=10))
        == refused
    )


@pytest.mark.parametrize(
    ("cash", "wanted"),
    [(0, ("1000", "0")), ("-5", ("1000", "0")), ("0.5", ("2000", "1")), (1, ("1000", "1"))],
)
def test_a_share_of_no_equity_is_said_as_such(cash: Any, wanted: tuple[str, str]) -> None:
    case = Case(BUY, gate_input(holding(cash=Decimal(str(cash)))), free())
    breach = bearing.max_position_size(case)
    assert breach is not None and (breach.value, breach.limit) == wanted
    assert ("no equity left" in breach.message) is (wanted[1] == "0")
    gross = bearing.max_gross_exposure(case)
    assert gross is not None and (gross.value, gross.limit) == wanted


def test_what_cannot_be_valued_has_no_costs_to_pay() -> None:
    unpriced = gate_input(holding(position(ETH, "LONG", 10, 10)), prices={SPOT: Decimal(100)})
    assert Case(BUY, unpriced, settings()).funds is None and Case(BUY, unpriced, settings()).paid is None
    assert Case(BUY, gate_input(prices={}), settings()).notional is None
    assert Case(BUY, gate_input(prices={}), settings()).paid is None
    known = Case(BUY, gate_input(), settings())
    assert known.paid is not None and known.funds is not None
    assert known.paid.costs - known.funds.costs == Decimal("6.15")
    for rule in (bearing.cash, bearing.max_position_size, bearing.max_gross_exposure):
        assert rule(Case(BUY, unpriced, settings())) is None


def test_a_session_is_paper_unless_it_is_said_to_be_live_and_live_passes_on_a_live_floor() -> None:
    assert gate_input().mode == "PAPER"
    assert said(BUY, {"mode": "LIVE"}, settings(trading={"mode": "live"})) == ()
    assert said(BUY, {"mode": "LIVE"}, settings())[:1] == ("mode",)


@pytest.mark.parametrize(("rule", "what"), [("max_daily_loss", "day's loss"), ("max_drawdown", "drawdown")])
def test_a_latched_limit_says_which_and_since_when(rule: str, what: str) -> None:
    latch = Latch(value="0.07", limit="0.05", seq=41, as_of=AT)
    word = review(BUY, gate_input(latched={rule: latch}), settings())
    assert isinstance(word, Refused) and (word.rule, word.value, word.limit) == (rule, "0.07", "0.05")
    assert (
        word.message == f"the {what} reached its limit in record 41: no new entries until an admin resets it"
    )


@pytest.mark.parametrize(("before", "refused"), [(2, ()), (3, ("repeat_throttle", "4", "3"))])
def test_the_last_repeat_that_may_be_passes(before: int, refused: tuple[str, ...]) -> None:
    traffic = Traffic()
    for _ in range(before):
        traffic = traffic.plus(BUY, AT)
    assert said(BUY, {"traffic": traffic, "as_of": AT}, free(max_repeats=3)) == refused
