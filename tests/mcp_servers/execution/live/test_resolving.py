"""What an order that may have left is taken for: asked how often, believed when, and given up only with proof."""

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.venues.live.asking import BOUND, Told
from mcp_servers.execution.venues.live.dialect import VenueOrder
from mcp_servers.execution.venues.live.outcome import Answered, Unknown
from mcp_servers.execution.venues.live.resolving import LOOK_AGAIN_S, Resolving
from openoutcry.errors import VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest, OrderState
from tests.mcp_servers.execution.venue import order

AT = datetime(2026, 3, 1, tzinfo=UTC)
BUY = order("entry", "BUY", "MARKET", "1")
GUARD = order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="9", reduce_only=True)
TICKET = Ticket("oo-1", 3, BUY, AT)
FOUND = OrderState(order_seq=3, leg="entry", status="FILLED")
GONE = OrderState(order_seq=3, leg="entry", status="REJECTED")


class Exchange:
    """Stands for the questions, the records and the exchange's clock: ``done`` is in order what was asked and written."""

    def __init__(self, *told: Any, order: Any = None, absent: bool = True, now: datetime = AT) -> None:
        self.done: list[Any] = []
        self._told, self._order, self._absent, self._now = list(told), order, absent, now
        self.theirs = now

    async def told(self, request: OrderRequest, cid: str) -> Told | None:
        self.done.append(("told", cid))
        return self._one(self._told.pop(0))

    async def order(self, request: OrderRequest, cid: str) -> Any:
        self.done.append(("order", cid))
        return self._one(self._order)

    async def with_trades(self, request: OrderRequest, order: VenueOrder) -> Told:
        self.done.append(("trades", order.status))
        return Told(order, ())

    async def absent(self, request: OrderRequest, cid: str, sent_at: datetime) -> bool:
        self.done.append(("absent", cid, sent_at))
        return self._absent

    async def found(self, ticket: Ticket, request: OrderRequest, told: Told) -> OrderState:
        self.done.append(("found", ticket, request, told.order.status))
        return FOUND

    async def never(self, ticket: Ticket, reason: str, state: str) -> OrderState:
        self.done.append(("never", ticket, reason, state))
        return GONE

    def now(self) -> datetime:
        return self._now

    async def asked(self) -> datetime:
        self.done.append("clock")
        return self.theirs

    @staticmethod
    def _one(answer: Any) -> Any:
        if isinstance(answer, Exception):
            raise answer
        return answer


def by(exchange: Any) -> Resolving:
    return Resolving(exchange, exchange, exchange)


def told(status: str | None) -> Told:
    return Told(VenueOrder("7", status, Decimal(1), Decimal(100), AT), ())  # type: ignore[arg-type]


def answer(status: str | None) -> Answered:
    return Answered({"symbol": "BTCUSDT", "clientOrderId": "oo-1", "orderId": 7, "status": status})


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return pauses


@pytest.mark.parametrize("status", ["FILLED", "CANCELED", "EXPIRED"])
async def test_an_answer_that_says_the_end_is_believed(status: str) -> None:
    exchange = Exchange()
    assert await by(exchange).answered(TICKET, BUY, answer(status)) is FOUND
    assert exchange.done == [("trades", status), ("found", TICKET, BUY, status)]


@pytest.mark.parametrize("status", [None, "NEW", "PARTIALLY_FILLED", "REJECTED"])
async def test_an_answer_that_says_how_it_was_is_asked_again_once(status: str | None) -> None:
    exchange = Exchange(order=told("FILLED").order)
    assert await by(exchange).answered(TICKET, BUY, answer(status)) is FOUND
    assert exchange.done == [("order", "oo-1"), ("trades", "FILLED"), ("found", TICKET, BUY, "FILLED")]


async def test_one_that_was_taken_and_is_not_found_yet_is_looked_for(slept: list[float]) -> None:
    exchange = Exchange(None, told("NEW"), order=None)
    assert await by(exchange).answered(TICKET, BUY, answer("NEW")) is FOUND
    assert exchange.done == [
        ("order", "oo-1"), ("told", "oo-1"), ("told", "oo-1"), ("found", TICKET, BUY, "NEW"),
    ]  # fmt: skip
    assert slept == [0.2, 0.5]


async def test_nobody_knows_is_looked_for_through_silence_and_then_left_to_the_next_who_asks(
    slept: list[float],
) -> None:
    exchange = Exchange(VenueUnknown("silence"), None, told("FILLED"))
    assert await by(exchange).answered(TICKET, BUY, Unknown("reset")) is FOUND and slept == [0.2, 0.5, 1.0]
    exchange = Exchange(None, None, None, VenueUnknown("no answer at all"))
    slept.clear()
    with pytest.raises(VenueUnknown, match="oo-1: no answer at all"):
        await by(exchange).answered(TICKET, BUY, Unknown("reset"))
    assert slept == list(LOOK_AGAIN_S) == [0.2, 0.5, 1.0, 2.0]
    with pytest.raises(VenueUnknown, match="oo-1: not found yet"):
        await by(Exchange(*[None] * 4)).answered(TICKET, BUY, Unknown("reset"))


async def test_what_protects_is_looked_for_once(slept: list[float]) -> None:
    """What protects instead of it must not wait."""
    with pytest.raises(VenueUnknown):
        await by(Exchange(None)).answered(TICKET, GUARD, Unknown("reset"))
    assert slept == [0.2]


async def test_of_a_pair_one_of_which_nobody_knows_is_a_state(slept: list[float]) -> None:
    assert await by(Exchange(told("NEW"))).sent_in_a_pair(TICKET, GUARD) is FOUND
    state = await by(Exchange(VenueUnknown("x" * 1_000))).sent_in_a_pair(TICKET, GUARD)
    assert (state.order_seq, state.leg, state.status) == (3, "stop_loss", "UNKNOWN")
    assert state.error is not None and state.error.startswith("oo-1: xxx") and len(state.error) == 500


NOTED: Any = {"client_order_id": "oo-1", "seq": 3, "sent_at": AT, "request": BUY.model_dump(mode="json")}
PAST = AT + BOUND


async def test_one_that_was_noted_is_found_by_its_name() -> None:
    exchange = Exchange(told("FILLED"))
    assert await by(exchange).noted(NOTED) is FOUND
    assert exchange.done == [("told", "oo-1"), ("found", TICKET, BUY, "FILLED")]


async def test_it_never_came_when_its_time_is_over_by_the_exchanges_own_word_and_no_list_has_it() -> None:
    exchange = Exchange(None, now=PAST)
    assert await by(exchange).noted(NOTED) is GONE
    reason = "NEVER_ARRIVED: the exchange has no order of this name"
    assert exchange.done == [
        ("told", "oo-1"), "clock", ("absent", "oo-1", AT), ("never", TICKET, reason, "ABSENT"),
    ]  # fmt: skip


@pytest.mark.parametrize("still_s", [0.5, 1.0, 17.0])
async def test_while_it_may_still_arrive_nobody_knows(still_s: float) -> None:
    early = PAST - timedelta(seconds=still_s)
    exchange = Exchange(None, now=early)
    with pytest.raises(VenueUnknown, match=f"absent only in {still_s:.0f} s"):
        await by(exchange).noted(NOTED)
    assert exchange.done == [("told", "oo-1")], "by what is known of its clock already"
    exchange = Exchange(None, now=PAST)
    exchange.theirs = early
    with pytest.raises(VenueUnknown, match=f"absent only in {still_s:.0f} s"):
        await by(exchange).noted(NOTED)
    assert exchange.done == [("told", "oo-1"), "clock"]


async def test_lists_that_do_not_prove_it_leave_it_unknown() -> None:
    exchange = Exchange(None, now=PAST, absent=False)
    with pytest.raises(VenueUnknown, match="the lists do not prove"):
        await by(exchange).noted(NOTED)
    assert exchange.done[-1] == ("absent", "oo-1", AT)
