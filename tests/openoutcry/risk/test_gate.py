"""The gate's rules, one by one, and their order."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.orders import order_hash
from openoutcry.risk.gate import RULES, review
from openoutcry.types.market import DataFault
from openoutcry.types.orders import Approved, OrderRequest, Refused
from tests.openoutcry.risk.books import (
    ETH,
    INSTRUMENTS,
    PERP,
    PRICES,
    SPOT,
    gate_input,
    holding,
    instrument,
    position,
    request,
    settings,
    working,
)

BUY = request("entry", SPOT, "BUY", 10)
SHORT = request("entry", PERP, "SELL", 10)
LONG = holding(position(SPOT, "LONG", 10))
STALE = DataFault(symbol=SPOT, kind="stale", detail="last bar is 3 h old")
LIMIT_EXIT = request("exit", SPOT, "SELL", 10, "LIMIT", price=Decimal(90))


def buy(kind: str, **prices: Any) -> OrderRequest:
    return request("entry", SPOT, "BUY", 10, kind, **{k: Decimal(str(v)) for k, v in prices.items()})


def sell(kind: str, **prices: Any) -> OrderRequest:
    return request("entry", PERP, "SELL", 10, kind, **{k: Decimal(str(v)) for k, v in prices.items()})


@pytest.mark.parametrize(
    ("order", "book", "told", "rule", "value", "limit"),
    [
        pytest.param(BUY, {"mode": "LIVE"}, {}, "mode", "LIVE", "PAPER", id="live session, paper floor"),
        pytest.param(BUY, {"halted": True}, {}, "halted", "adds", "reduces", id="halted"),
        pytest.param(
            request("hedge", PERP, "SELL", 5),
            {"halted": True, "portfolio": LONG},
            {},
            "halted",
            "hedges",
            "reduces",
            id="halted hedge",
        ),
        pytest.param(BUY, {"paused": True}, {}, "paused", "paused", "running", id="paused"),
        pytest.param(
            BUY,
            {},
            {"risk": {"restricted_symbols": [SPOT]}},
            "restricted_symbol",
            SPOT,
            SPOT,
            id="restricted",
        ),
        pytest.param(
            request("entry", "XRP/USDT", "BUY", 10),
            {},
            {},
            "known_symbol",
            "XRP/USDT",
            "a listed symbol",
            id="unknown",
        ),
        pytest.param(
            request("entry", SPOT, "BUY", "1.000001"),
            {},
            {},
            "quantity_step",
            "1.000001",
            "0.00001",
            id="step",
        ),
        pytest.param(buy("LIMIT", price="99.001"), {}, {}, "price_tick", "99.001", "0.01", id="tick"),
        pytest.param(
            sell("STOP_LOSS", stop_price="98.005"),
            {},
            {},
            "price_tick",
            "98.005",
            "0.01",
            id="tick of a stop",
        ),
        pytest.param(request("entry", SPOT, "BUY", "0.04"), {}, {}, "min_notional", "4", "5", id="too small"),
        pytest.param(
            BUY,
            {},
            {"risk": {"max_order_notional": 999}},
            "max_order_notional",
            "1000",
            "999",
            id="too large",
        ),
        pytest.param(buy("LIMIT", price=106), {}, {}, "price_collar", "106", "105", id="buy limit through"),
        pytest.param(sell("LIMIT", price=94), {}, {}, "price_collar", "94", "95", id="sell limit through"),
        pytest.param(
            buy("STOP_LOSS", stop_price=94), {}, {}, "price_collar", "94", "95", id="buy stop through"
        ),
        pytest.param(
            sell("STOP_LOSS", stop_price=106), {}, {}, "price_collar", "106", "105", id="sell stop through"
        ),
        pytest.param(
            buy("TAKE_PROFIT", stop_price=106), {}, {}, "price_collar", "106", "105", id="buy target through"
        ),
        pytest.param(
            sell("TAKE_PROFIT", stop_price=94), {}, {}, "price_collar", "94", "95", id="sell target through"
        ),
        pytest.param(
            buy("STOP_LOSS_LIMIT", stop_price=110, price=116),
            {},
            {},
            "price_collar",
            "116",
            "115.5",
            id="limit far past its own stop",
        ),
        pytest.param(LIMIT_EXIT, {"portfolio": LONG}, {}, "price_collar", "90", "95", id="fat-fingered exit"),
        pytest.param(BUY, {"faults": (STALE,)}, {}, "good_data", "stale", "no fault", id="stale"),
        pytest.param(BUY, {"prices": {}}, {}, "good_data", "no price", "a last good price", id="no price"),
        pytest.param(
            BUY,
            {"portfolio": holding(position(ETH, "LONG", 10, 10)), "prices": {SPOT: Decimal(100)}},
            {},
            "good_data",
            "no price",
            "a price for all that is held",
            id="a holding without a price",
        ),
        pytest.param(BUY, {"placed": (BUY,)}, {}, "duplicate_leg", "entry", "one per round", id="doubled"),
        pytest.param(
            buy("LIMIT", price=101),
            {
                "portfolio": LONG,
                "working": (working(request("manual-1", SPOT, "SELL", 5, "LIMIT", price=Decimal(101))),),
            },
            {},
            "self_match",
            "101",
            "101",
            id="wash trade",
        ),
        pytest.param(
            BUY,
            {"placed": (request("hedge", PERP, "SELL", 1),)},
            {"risk": {"max_orders_per_round": 1}},
            "max_orders_per_round",
            "2",
            "1",
            id="too many",
        ),
        pytest.param(
            request("exit", SPOT, "SELL", 1, reduce_only=True),
            {},
            {},
            "reduce_only",
            "0",
            "an opposite position",
            id="nothing to reduce",
        ),
        pytest.param(
            request("exit", SPOT, "SELL", 11), {"portfolio": LONG}, {}, "short", "11", "10", id="spot short"
        ),
        pytest.param(
            request("exit", SPOT, "SELL", 11, reduce_only=True),
            {"portfolio": LONG},
            {},
            "short",
            "11",
            "10",
            id="spot short, reduce only",
        ),
        pytest.param(
            request("manual-2", SPOT, "SELL", 6),
            {
                "portfolio": LONG,
                "working": (working(request("manual-1", SPOT, "SELL", 5, "LIMIT", price=Decimal(110))),),
            },
            {},
            "short",
            "6",
            "5",
            id="spot short with an open sell",
        ),
        pytest.param(SHORT, {}, {"trading": {"allow_short": False}}, "short", "-10", "0", id="no shorts"),
        pytest.param(BUY, {"portfolio": holding(capital=900)}, {}, "cash", "1006.15", "900", id="cash"),
        pytest.param(
            BUY,
            {"portfolio": holding(capital=1500), "working": (working(request("manual-1", ETH, "BUY", 50)),)},
            {},
            "cash",
            "1006.15",
            "996.925",
            id="cash already claimed",
        ),
        pytest.param(SHORT, {"portfolio": holding(capital=900)}, {}, "cash", "1005.65", "900", id="margin"),
        pytest.param(
            request("entry", SPOT, "BUY", 20),
            {},
            {},
            "max_position_size",
            "0.2002463",
            "0.2",
            id="position",
        ),
        pytest.param(
            request("entry", SPOT, "BUY", 6),
            {
                "portfolio": LONG,
                "working": (working(request("entry", SPOT, "BUY", 6, "LIMIT", price=Decimal(99))),),
            },
            {},
            "max_position_size",
            "0.22016248",
            "0.2",
            id="position with an open buy",
        ),
        pytest.param(
            SHORT,
            {"portfolio": holding(position(PERP, "SHORT", 10, role="hedge"))},
            {},
            "max_position_size",
            "0.20011306",
            "0.2",
            id="position over all roles",
        ),
        pytest.param(
            request("entry", ETH, "BUY", 150),
            {"portfolio": holding(position(SPOT, "LONG", 19))},
            {"risk": {"max_gross_exposure": 0.3}},
            "max_gross_exposure",
            "0.34031394",
            "0.3",
            id="exposure",
        ),
        pytest.param(
            request("entry", ETH, "BUY", 1),
            {"portfolio": LONG},
            {"trading": {"max_positions": 1}},
            "max_positions",
            "2",
            "1",
            id="positions",
        ),
        pytest.param(
            BUY,
            {},
            {"risk": {"llm_approval_required": True}},
            "model_approval",
            "none",
            "required",
            id="approval",
        ),
        pytest.param(
            BUY,
            {"portfolio": holding(day_start_equity=Decimal(10_600))},
            {},
            "max_daily_loss",
            "0.05660377",
            "0.05",
            id="daily loss",
        ),
        pytest.param(
            BUY,
            {"portfolio": holding(peak_equity=Decimal(12_500))},
            {},
            "max_drawdown",
            "0.2",
            "0.15",
            id="drawdown",
        ),
    ],
)
def test_a_refusal_names_rule_value_and_limit(
    order: OrderRequest, book: dict[str, Any], told: dict[str, Any], rule: str, value: str, limit: str
) -> None:
    refused = review(order, gate_input(**book), settings(**told))
    assert isinstance(refused, Refused), refused
    assert (refused.rule, refused.value, refused.limit) == (rule, value, limit)
    assert refused.message


@pytest.mark.parametrize(
    ("book", "listed", "why"),
    [({"restricted": (SPOT,)}, [], "halted until"), ({}, [SPOT], "restricted by risk.restricted_symbols")],
)
def test_a_halted_symbol_is_not_called_restricted(book: dict[str, Any], listed: list[str], why: str) -> None:
    refused = review(BUY, gate_input(**book), settings(risk={"restricted_symbols": listed}))
    assert isinstance(refused, Refused) and why in refused.message, refused


ALL_AT_ONCE = {"halted": True, "paused": True, "faults": (STALE,), "prices": {}, "placed": (SHORT,) * 99}
STRICT = {
    "risk": {
        "restricted_symbols": [SPOT, PERP],
        "max_order_notional": 1,
        "max_orders_per_round": 1,
        "max_position_size": 0,
        "max_gross_exposure": 0,
        "max_daily_loss": 0,
        "max_drawdown": 0,
        "llm_approval_required": True,
    },
    "trading": {"max_positions": 1, "allow_short": False},
}


@pytest.mark.parametrize(
    ("order", "held"),
    [
        pytest.param(request("exit", SPOT, "SELL", 10), position(SPOT, "LONG", 10), id="exit"),
        pytest.param(request("exit", SPOT, "SELL", 3), position(SPOT, "LONG", 10), id="part of it"),
        pytest.param(
            request("stop_loss", SPOT, "SELL", 10, "STOP_LOSS", stop_price=Decimal(98), reduce_only=True),
            position(SPOT, "LONG", 10),
            id="stop",
        ),
        pytest.param(
            request("stop_loss", SPOT, "SELL", 10, "STOP_LOSS", stop_price=Decimal(130), reduce_only=True),
            position(SPOT, "LONG", 10),
            id="stop the market has jumped over",
        ),
        pytest.param(
            request("take_profit", PERP, "BUY", 10, "TAKE_PROFIT", stop_price=Decimal(95), reduce_only=True),
            position(PERP, "SHORT", 10),
            id="target of a short",
        ),
        pytest.param(
            request("hedge", PERP, "BUY", 4, reduce_only=True),
            position(PERP, "SHORT", 10, role="hedge"),
            id="lift",
        ),
        pytest.param(
            request("exit", PERP, "BUY", 99, reduce_only=True),
            position(PERP, "SHORT", 10),
            id="clipped by the venue",
        ),
        pytest.param(request("exit", SPOT, "SELL", "0.0001"), position(SPOT, "LONG", "0.0001"), id="dust"),
    ],
)
def test_what_only_reduces_passes_whatever_the_state(order: OrderRequest, held: Any) -> None:
    ruined = holding(held, peak_equity=Decimal(10**6), day_start_equity=Decimal(10**6))
    approved = review(order, gate_input(ruined, **ALL_AT_ONCE), settings(**STRICT))
    assert approved == Approved(order_hash=order_hash(order))


@pytest.mark.parametrize(
    ("order", "book"),
    [
        pytest.param(BUY, {}, id="entry"),
        pytest.param(SHORT, {}, id="short entry"),
        pytest.param(
            request("hedge", PERP, "SELL", 10), {"portfolio": LONG, "paused": True}, id="hedge while paused"
        ),
        pytest.param(
            request("hedge", PERP, "SELL", 10),
            {"portfolio": holding(position(SPOT, "LONG", 10), peak_equity=Decimal(20_000))},
            id="hedge in a drawdown",
        ),
        pytest.param(sell("STOP_LOSS", stop_price=90), {}, id="waiting stop far below"),
        pytest.param(buy("LIMIT", price=50), {}, id="resting limit far below"),
        pytest.param(
            BUY, {"faults": (STALE.model_copy(update={"symbol": PERP}),)}, id="fault in another symbol"
        ),
    ],
)
def test_approvals(order: OrderRequest, book: dict[str, Any]) -> None:
    verdict = review(order, gate_input(**book), settings())
    assert verdict == Approved(order_hash=order_hash(order))


def test_an_order_declared_to_reduce_that_would_flip_is_not_taken_at_its_word() -> None:
    held = holding(position(PERP, "SHORT", 5))
    flip = request("exit", PERP, "BUY", 6)
    refused = review(flip, gate_input(held, halted=True), settings())
    assert isinstance(refused, Refused)
    assert refused.rule == "halted"


def test_two_exits_that_together_would_flip_are_not_both_reducing() -> None:
    held = holding(position(PERP, "LONG", 5))
    first = request("manual-1", PERP, "SELL", 5, "LIMIT", price=Decimal(101))
    book = gate_input(held, halted=True)
    assert review(first, book, settings()).kind == "approved"
    refused = review(request("manual-2", PERP, "SELL", 5), book.after(first, 3), settings())
    assert isinstance(refused, Refused)
    assert refused.rule == "halted"


def test_an_exit_beside_its_own_protection_could_flip_a_perpetual_unless_it_only_reduces() -> None:
    stop = request("stop_loss", PERP, "BUY", 5, "STOP_LOSS", stop_price=Decimal(103), reduce_only=True)
    book = gate_input(holding(position(PERP, "SHORT", 5)), working=(working(stop),), halted=True)
    assert review(request("manual-1", PERP, "BUY", 5), book, settings()).kind == "refused"
    assert review(request("exit", PERP, "BUY", 5, reduce_only=True), book, settings()).kind == "approved"


def test_spot_may_be_sold_beside_its_own_protection() -> None:
    stop = request("stop_loss", SPOT, "SELL", 10, "STOP_LOSS", stop_price=Decimal(97), reduce_only=True)
    book = gate_input(LONG, working=(working(stop),), halted=True)
    assert review(request("manual-1", SPOT, "SELL", 10), book, settings()).kind == "approved"


def test_a_closing_order_may_execute_first_and_leave_an_entry_larger() -> None:
    """Short 20, a reduce-only buy of 20 waits: a buy of 40 could become a long of 40, not of 20."""
    closing = request("stop_loss", PERP, "BUY", 20, "STOP_LOSS", stop_price=Decimal(103), reduce_only=True)
    book = gate_input(holding(position(PERP, "SHORT", 20)), working=(working(closing),))
    refused = review(request("manual-1", PERP, "BUY", 40), book, settings(risk={"max_position_size": 0.25}))
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.value[:5]) == ("max_position_size", "0.400")


def test_two_hedges_together_are_no_more_than_the_spot() -> None:
    book = gate_input(LONG, paused=True)
    first = request("hedge", PERP, "SELL", 6)
    assert review(first, book, settings()).kind == "approved"
    refused = review(request("hedge-2", PERP, "SELL", 6), book.after(first, 3), settings())
    assert isinstance(refused, Refused)
    assert refused.rule == "paused"


def test_the_first_rule_broken_answers() -> None:
    """Repairing one fault after another walks through the rules in their documented order."""
    everything = {
        "mode": "LIVE",
        "halted": True,
        "paused": True,
        "faults": (STALE,),
        "placed": (BUY,),
        "portfolio": holding(peak_equity=Decimal(20_000), day_start_equity=Decimal(20_000)),
    }
    strict = {"risk": {"restricted_symbols": [SPOT], "max_order_notional": 1, "llm_approval_required": True}}
    rules = []
    repairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({}, {}),
        ({"mode": "PAPER"}, {}),
        ({"halted": False}, {}),
        ({"paused": False}, {}),
        ({}, {"restricted_symbols": []}),
        ({}, {"max_order_notional": 10**6}),
        ({"faults": ()}, {}),
        ({"placed": ()}, {}),
        ({}, {"llm_approval_required": False}),
        ({"portfolio": holding(peak_equity=Decimal(20_000))}, {}),
    ]
    for book, told in repairs:
        everything, strict = {**everything, **book}, {"risk": {**strict["risk"], **told}}
        refused = review(BUY, gate_input(**everything), settings(**strict))
        assert isinstance(refused, Refused)
        rules.append(refused.rule)
    assert rules == [
        "mode",
        "halted",
        "paused",
        "restricted_symbol",
        "max_order_notional",
        "good_data",
        "duplicate_leg",
        "model_approval",
        "max_daily_loss",
        "max_drawdown",
    ]
    assert rules == sorted(rules, key=list(RULES).index)


def test_a_coarser_instrument_is_heard() -> None:
    coarse = {**INSTRUMENTS, SPOT: instrument(SPOT, quantity_step="0.1", min_notional="50")}
    refused = review(request("entry", SPOT, "BUY", "0.25"), gate_input(instruments=coarse), settings())
    assert isinstance(refused, Refused)
    assert (refused.rule, refused.limit) == ("quantity_step", "0.1")
    assert PRICES[SPOT] == 100
