"""Which word of a row an order of which the records know nothing may have, and that it has nothing else of it."""

from decimal import Decimal
from typing import Any

import pytest

from openoutcry.ledger.doubted import WORD, heard_since
from openoutcry.ledger.projection import project
from openoutcry.ledger.rows import OrderRow
from openoutcry.order_states import RANK, UNHEARD
from tests.factories import START, Session, facts_of

SOLD = next(
    row
    for record in Session(seed=7).run(30)
    for row in project(record, facts_of(7)).orders
    if row.status == "FILLED"
)
NOTHING = {"executed_quantity": Decimal(0), "executed_quote_quantity": Decimal(0), "filled_at": None}
DOUBTED = SOLD._replace(status="UNKNOWN", venue_order_id=None, error_message="no answer", **NOTHING)
WORDS: dict[str, dict[str, Any]] = {
    "NEW": NOTHING,
    "PARTIALLY_FILLED": {"executed_quantity": SOLD.quantity / 2, "filled_at": None},
    "FILLED": {},
    "CANCELED": {**NOTHING, "canceled_at": START},
    "EXPIRED": {**NOTHING, "expired_at": START},
    "REJECTED": {**NOTHING, "venue_order_id": None, "error_message": "INSUFFICIENT_BALANCE"},
}


def stored(status: str, **changes: Any) -> OrderRow:
    return SOLD._replace(**{"status": status, **WORDS.get(status, {}), **changes})


@pytest.mark.parametrize("status", WORDS)
def test_every_word_of_a_venue_is_taken_over_and_nothing_of_what_was_asked(status: str) -> None:
    row = stored(status, quantity=SOLD.quantity, reason="forged", side="SELL", refusal={"rule": "forged"})
    said = heard_since(DOUBTED, row._asdict())
    assert said is not None
    assert {name: getattr(said, name) for name in WORD} == {name: getattr(row, name) for name in WORD}
    others = set(OrderRow._fields) - set(WORD)
    assert all(getattr(said, name) == getattr(DOUBTED, name) for name in others)
    assert set(WORDS) == set(RANK) - UNHEARD


@pytest.mark.parametrize("known", sorted(set(RANK) - {"UNKNOWN"}))
def test_an_order_of_which_the_records_know_more_is_held_to_them(known: str) -> None:
    assert heard_since(DOUBTED._replace(status=known), stored("FILLED")._asdict()) is None


@pytest.mark.parametrize(
    ("status", "changes"),
    [
        *((status, {}) for status in sorted(UNHEARD)),
        ("FINISHED", {}),
        ("FILLED", {"executed_quantity": SOLD.quantity / 2}),
        ("FILLED", {"filled_at": None}),
        ("FILLED", {"canceled_at": START}),
        ("PARTIALLY_FILLED", {"executed_quantity": SOLD.quantity}),
        ("PARTIALLY_FILLED", {"executed_quantity": SOLD.quantity * 2}),
        ("CANCELED", {"executed_quantity": Decimal(-1)}),
        ("CANCELED", {"canceled_at": None}),
        ("REJECTED", {"executed_quantity": SOLD.quantity / 2}),
    ],
)
def test_what_no_venue_says_is_no_word(status: str, changes: dict[str, Any]) -> None:
    assert heard_since(DOUBTED, stored(status, **changes)._asdict()) is None
