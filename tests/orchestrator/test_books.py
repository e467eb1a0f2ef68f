"""E4, I6: news of an order comes late, twice and out of order; within a record its state never goes back."""

from datetime import UTC, datetime
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest

from openoutcry.errors import BadInput, ToolFailed, VenueRejected, VenueUnknown
from openoutcry.portfolio import mark, opening
from openoutcry.ports import AccountSync
from openoutcry.types.orders import Fill, OrderRequest, OrderState, OrderStatus, WorkingOrder
from orchestrator.books import Books
from orchestrator.trade import cancel

TARGET = OrderRequest(
    leg="take_profit", symbol="BTC/USDT", side="SELL", type="TAKE_PROFIT", quantity=Decimal(1), stop_price=Decimal(110),
    reduce_only=True, oco_group="bracket-1",
)  # fmt: skip


def said(status: OrderStatus, executed: str = "0") -> OrderState:
    return OrderState(order_seq=1, leg="take_profit", status=status, executed_quantity=Decimal(executed))


def books(status: OrderStatus | None) -> Books:
    held = {} if status is None else {(1, "take_profit"): WorkingOrder(request=TARGET, state=said(status))}
    return Books(2, opening("USDT", Decimal(1000)), held)


def test_an_order_that_was_cancelled_stays_so_when_an_answer_tells_of_the_time_before() -> None:
    # A flattening round: both guards cancelled, then a market order of which nothing is known. The statement that came
    # with it ended before the cancels, and said NEW of the target once more.
    told = books("UNKNOWN")
    told.book("cancel:1:take_profit", AccountSync((), (said("CANCELED"),)))
    told.book("place:flatten-1", AccountSync((), (said("NEW"),)))
    assert told.updates() == (said("CANCELED"),)
    assert told.working() == ()


@pytest.mark.parametrize("known", ["NEW", "UNKNOWN", None])
@pytest.mark.parametrize("order", list(permutations(("NEW", "PARTIALLY_FILLED", "EXPIRED"))))
def test_whatever_the_order_of_news_the_end_is_the_same(
    known: OrderStatus | None, order: tuple[OrderStatus, ...]
) -> None:
    done = {"NEW": "0", "PARTIALLY_FILLED": "0.3", "EXPIRED": "0.3"}
    told = books(known)
    for status in order:
        told.book("sync", AccountSync((), (said(status, done[status]),)))
    assert told.updates() == (said("EXPIRED", "0.3"),)


NONE_THERE = BadInput("leg: the venue has no order take_profit of round 1", field="leg")


@pytest.mark.parametrize(
    "refusal",
    [NONE_THERE, ToolFailed("cancel_order", "BAD_INPUT", "no"), VenueRejected("no"), VenueUnknown("silence")],
)
async def test_a_cancel_that_is_refused_ends_nothing_else(refusal: Exception) -> None:
    # A halt swept an order of which nobody knew yet that it never came: the orchestrator died of it, again and again.
    class Refusing:
        async def cancel(self, order_seq: int, leg: str) -> AccountSync:
            raise refusal

    broker: Any = Refusing()
    told = books("UNKNOWN")
    await cancel(broker, told, [(1, "take_profit")])
    assert [order.state for order in told.working()] == [said("UNKNOWN")]


def test_what_fills_before_any_good_price_is_valued_at_its_own() -> None:
    # The order's outcome was learned in a round without data: nothing could be valued, and the floor died of it at every
    # start, at the same bar.
    def bought(trade_id: str, price: str) -> Fill:
        return Fill(
            trade_id=trade_id, order_seq=1, leg="entry", symbol="BTC/USDT", side="BUY", price=Decimal(price),
            quantity=Decimal(1), executed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip

    told = books(None)
    told.book("sync", AccountSync((bought("1", "100"), bought("2", "110")), ()))
    assert told.valued({}) == {"BTC/USDT": Decimal(110)}
    assert mark(told.portfolio, told.valued({})).equity == 1010
    assert told.valued({"BTC/USDT": Decimal(90), "ETH/USDT": Decimal(5)}) == {
        "BTC/USDT": Decimal(90),
        "ETH/USDT": Decimal(5),
    }
    again = Books(3, told.portfolio, {})
    assert again.valued({}) == {"BTC/USDT": Decimal(105)}
