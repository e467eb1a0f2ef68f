"""Whatever is heard of an order, in whatever order: it never goes back and its fills never shrink."""

from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.order_states import RANK, follows, moved, too_small
from openoutcry.types.orders import FINAL, OrderState, OrderStatus


def state(status: OrderStatus, executed: int = 0) -> OrderState:
    amount = Decimal(executed)
    return OrderState(
        order_seq=1, leg="entry", status=status, executed_quantity=amount, executed_quote=amount * 100
    )


WORDS = st.builds(state, st.sampled_from(sorted(RANK)), st.integers(0, 10))


@given(st.lists(WORDS, max_size=12))
def test_an_order_never_goes_back(words: list[OrderState]) -> None:
    known = state("INTENT")
    for word in words:
        after = moved(known, word)
        assert RANK[after.status] >= RANK[known.status]
        assert after.executed_quantity == max(known.executed_quantity, word.executed_quantity)
        assert after.executed_quote == after.executed_quantity * 100
        if known.status in FINAL:
            assert after.status == known.status
        assert moved(after, word) == after
        known = after


def test_news_in_any_order_ends_the_same() -> None:
    news = [state("NEW"), state("PARTIALLY_FILLED", 3), state("FILLED", 10)]
    for shuffled in permutations(news):
        known = state("SENT")
        for word in shuffled:
            known = moved(known, word)
        assert (known.status, known.executed_quantity) == ("FILLED", 10)


def test_what_the_venue_has_is_neither_refused_nor_unknown() -> None:
    for had in ("NEW", "PARTIALLY_FILLED", "FILLED", "CANCELED"):
        assert not follows(had, "REJECTED") and not follows(had, "UNKNOWN")
    assert follows("SENT", "UNKNOWN") and follows("UNKNOWN", "REJECTED") and not follows("UNKNOWN", "SENT")


def test_a_fill_that_comes_after_the_end_is_counted() -> None:
    late = moved(state("CANCELED", 3), state("PARTIALLY_FILLED", 4))
    assert (late.status, late.executed_quantity, late.executed_quote) == ("CANCELED", 4, 400)


@pytest.mark.parametrize(
    ("status", "error", "small"),
    [
        ("REJECTED", "Filter failure: LOT_SIZE", True), ("REJECTED", "Filter failure: NOTIONAL", True),
        ("REJECTED", "-2010 balance", False), ("REJECTED", None, False), ("UNKNOWN", "LOT_SIZE", False), ("FILLED", None, False),
    ],
)  # fmt: skip
def test_what_a_venue_calls_too_small_is_dust(status: Any, error: str | None, small: bool) -> None:
    assert too_small(OrderState(order_seq=1, leg="exit", status=status, error=error)) is small
