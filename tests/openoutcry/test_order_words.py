"""The order machine as a table: which word may follow which, what is taken of it, and which prices an order of each type has."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, get_args

import pytest
from pydantic import ValidationError

from openoutcry.order_states import follows, moved
from openoutcry.types.orders import (
    FINAL,
    Approval,
    Approved,
    Fill,
    OrderRequest,
    OrderState,
    OrderStatus,
    Refused,
)

T0 = datetime(2023, 1, 1, tzinfo=UTC)
STATUSES = get_args(OrderStatus)
ENDS = {"FILLED", "CANCELED", "EXPIRED"}
NEXT = {
    "INTENT": {"SENT", "UNKNOWN", "NEW", "PARTIALLY_FILLED", "REJECTED"} | ENDS,
    "SENT": {"UNKNOWN", "NEW", "PARTIALLY_FILLED", "REJECTED"} | ENDS,
    "UNKNOWN": {"NEW", "PARTIALLY_FILLED", "REJECTED"} | ENDS,
    "NEW": {"PARTIALLY_FILLED"} | ENDS,
    "PARTIALLY_FILLED": ENDS,
}
"""All that may follow; what is not named here follows nothing."""


@pytest.mark.parametrize("before", STATUSES)
def test_every_word_is_followed_by_these_and_no_other(before: OrderStatus) -> None:
    assert {after for after in STATUSES if follows(before, after)} == NEXT.get(before, set())


def test_an_end_is_an_end() -> None:
    assert {"FILLED", "CANCELED", "EXPIRED", "REJECTED"} == FINAL


def state(status: OrderStatus, executed: str = "0", quote: str = "0", **more: Any) -> OrderState:
    given = {"executed_quantity": Decimal(executed), "executed_quote": Decimal(quote), **more}
    return OrderState(order_seq=1, leg="entry", status=status, **given)


def test_news_bring_what_is_new_and_keep_what_they_leave_out() -> None:
    known = state("NEW", "2", "200", placed_at=T0, venue_order_id="V-1", updated_at=T0)
    later = T0 + timedelta(seconds=5)
    heard = moved(known, state("PARTIALLY_FILLED", "1", "100", updated_at=later, error="slow"))
    assert (heard.status, heard.executed_quantity, heard.executed_quote) == ("PARTIALLY_FILLED", 2, 200)
    assert (heard.placed_at, heard.venue_order_id, heard.updated_at, heard.error) == (
        T0,
        "V-1",
        later,
        "slow",
    )
    told = moved(state("SENT", placed_at=T0), state("NEW", placed_at=later, venue_order_id="V-2"))
    assert (told.placed_at, told.venue_order_id) == (later, "V-2")
    first = moved(state("SENT", venue_order_id="V-0"), state("NEW", venue_order_id="V-1"))
    assert first.venue_order_id == "V-1"


def test_a_word_that_is_no_news_brings_its_fills_and_nothing_else() -> None:
    later = T0 + timedelta(seconds=5)
    known = state("CANCELED", "2", "200", placed_at=T0, updated_at=T0, venue_order_id="V-1")
    heard = moved(known, state("NEW", "3", "310", updated_at=later, venue_order_id="V-9"))
    assert heard == known.model_copy(
        update={"executed_quantity": Decimal(3), "executed_quote": Decimal(310), "updated_at": later}
    )
    assert moved(known, state("NEW", "2", "999", updated_at=later)) is known


PRICED = {"LIMIT": (True, False), "STOP_LOSS_LIMIT": (True, True), "TAKE_PROFIT_LIMIT": (True, True),
          "MARKET": (False, False), "STOP_LOSS": (False, True), "TAKE_PROFIT": (False, True)}  # fmt: skip
"""Type → whether it has a price, and a stop price."""


@pytest.mark.parametrize("kind", PRICED)
@pytest.mark.parametrize("price", [None, "10"])
@pytest.mark.parametrize("stop", [None, "11"])
def test_an_order_has_the_prices_of_its_type_and_no_other(
    kind: str, price: str | None, stop: str | None
) -> None:
    asked = {
        "leg": "entry",
        "symbol": "BTC/USDT",
        "side": "BUY",
        "type": kind,
        "quantity": "1",
        "price": price,
        "stop_price": stop,
    }
    if (price is not None, stop is not None) == PRICED[kind]:
        assert OrderRequest.model_validate(asked).type == kind
        return
    with pytest.raises(ValidationError) as refused:
        OrderRequest.model_validate(asked)
    wrong = "price" if (price is not None) != PRICED[kind][0] else "stop_price"
    said = refused.value.errors()[0]["msg"]
    assert f"{wrong}: {kind} {'needs' if PRICED[kind][wrong == 'stop_price'] else 'takes no'}" in said


def test_what_is_left_out_is_the_plainest() -> None:
    order = OrderRequest.model_validate(
        {"leg": "entry", "symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": "1"}
    )
    assert (order.time_in_force, order.reduce_only, order.reason, order.oco_group) == ("GTC", False, "", None)
    said = OrderState(order_seq=1, leg="entry", status="NEW")
    assert (said.executed_quantity, said.executed_quote) == (0, 0)
    fill = Fill.model_validate(
        {"trade_id": "1", "order_seq": 1, "leg": "entry", "symbol": "BTC/USDT", "side": "BUY", "price": "1",
         "quantity": "0", "executed_at": T0}
    )  # fmt: skip
    assert (fill.kind, fill.fee, fill.liquidity) == ("TRADE", 0, "taker")
    signed = Approval.model_validate(
        {
            "approval_id": "a",
            "client_order_id": "c",
            "order_hash": "h",
            "session_id": "s",
            "seq": 1,
            "expires_at": T0,
            "mac": "m",
        }
    )
    assert signed.reduces is False and signed.bracket is None
    assert Approved(order_hash="h").kind == "approved"
    refused = Refused(rule="r", value="1", limit="2")
    assert (refused.kind, refused.message) == ("refused", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("leg", "Entry"), ("leg", "entry-"), ("leg", "entry-1234567890"), ("leg", "x" * 21), ("quantity", "0"),
        ("quantity", "-1"), ("reason", "x" * 501), ("side", "buy"), ("type", "OCO"), ("time_in_force", "DAY"), ("mode", "LIVE"),
    ],
)  # fmt: skip
def test_an_order_out_of_form_is_none(field: str, value: str) -> None:
    fine = {
        "leg": "entry-1",
        "symbol": "BTC/USDT",
        "side": "BUY",
        "type": "MARKET",
        "quantity": "1",
        "reason": "x" * 500,
    }
    assert OrderRequest.model_validate(fine).leg == "entry-1"
    with pytest.raises(ValidationError) as refused:
        OrderRequest.model_validate(fine | {field: value})
    assert refused.value.errors()[0]["loc"] == (field,)
