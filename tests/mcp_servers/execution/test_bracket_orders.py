"""The orders of one entry's bracket: which it is that work, what is sent for it and what goes, against a venue in memory."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_servers.execution import bracket_orders
from mcp_servers.execution.bracket_orders import BracketOrders
from mcp_servers.execution.standing_instructions import Instruction
from mcp_servers.execution.venues.protocol import Pairing, Venue
from openoutcry.errors import NotAuthorised, VenueUnknown
from openoutcry.orders import client_order_id
from openoutcry.types.orders import Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.floor import facts
from tests.mcp_servers.execution.venue import PERP, SPOT, order
from wire.clock import WallClock

D = Decimal
FACTS = facts()
SENT = OrderState(order_seq=3, leg="stop_loss-1", status="NEW")
Known = tuple[OrderRequest, OrderState]


class Remembers:
    """Has the orders that are given, and remembers what is cancelled; ``silent`` says nothing of cancels."""

    def __init__(self, *known: Known) -> None:
        self.known, self.cancelled, self.silent = known, list[tuple[str, int, Any]](), False

    def orders(self) -> tuple[Known, ...]:
        return self.known

    async def cancel(self, client_order_id: str, *, at: Any, by_seq: int, still: Any = None) -> None:
        self.cancelled.append((client_order_id, by_seq, still))
        if self.silent:
            raise VenueUnknown("silence")


class Alone(Remembers, Venue):  # type: ignore[misc]
    """A venue that has no lists."""


class Pairs(Remembers, Pairing):  # type: ignore[misc]
    """One that has."""


def known(leg: str, seq: int = 3, *, status: str = "NEW", **more: Any) -> Known:
    """An order that closes a long on spot, unless it says otherwise."""
    target = leg.startswith("take_profit")
    given = {
        "symbol": SPOT,
        "side": "SELL",
        "type": "TAKE_PROFIT" if target else "STOP_LOSS",
        "stop_price": "80",
    }
    given |= {"quantity": "1", "reduce_only": True} | more
    request = order(leg, given.pop("side"), given.pop("type"), given.pop("quantity"), **given)  # type: ignore[arg-type]
    return request, OrderState(order_seq=seq, leg=leg, status=status)  # type: ignore[arg-type]


def orders(
    *there: Known, symbol: str = SPOT, side: str = "BUY", pairs: bool = True, **bracket: Any
) -> tuple[BracketOrders, Any]:
    kind: Any = Pairs if pairs else Alone
    venue = kind(*there)
    entry = order("entry", side, "MARKET", "1", symbol=symbol)
    given = Bracket.model_validate({"stop_loss": "80", "take_profit": "120"} | bracket)
    desk = SimpleNamespace(fences=lambda facts: ("fence",) if facts == FACTS else ())
    deps: Any = SimpleNamespace(clock=WallClock(), desk=desk, pool="pool")
    return BracketOrders(deps, Instruction(FACTS, 3, "entry", entry, given), venue), venue


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What left: the requests of each sending."""
    done: list[Any] = []

    async def own(
        deps: Any, venue: Any, facts: Any, seq: int, request: Any, *, at: Any, fences: Any
    ) -> OrderState:
        assert (facts, seq, fences) == (FACTS, 3, ("fence",))
        done.append(request)
        return SENT

    async def pair(deps: Any, venue: Any, facts: Any, seq: int, both: Any, *, at: Any, fences: Any) -> Any:
        assert (facts, seq, fences) == (FACTS, 3, ("fence",))
        done.append(both)
        return SENT, None

    monkeypatch.setattr(bracket_orders, "send_own", own)
    monkeypatch.setattr(bracket_orders, "send_own_pair", pair)
    return done


@pytest.fixture(autouse=True)
def held(monkeypatch: pytest.MonkeyPatch) -> None:
    async def holding(pool: Any, fences: Any) -> Any:
        return pool, fences

    monkeypatch.setattr(bracket_orders, "holding", holding)


STILL = ("pool", ("fence",))


def gone(venue: Any) -> list[str]:
    return [name for name, _, _ in venue.cancelled]


def name(seq: int, leg: str) -> str:
    return client_order_id(FACTS.session_id, seq, leg)


def test_its_working_stops_are_those_on_its_other_side() -> None:
    mine, trailed, earlier = known("stop_loss"), known("stop_loss-2"), known("stop_loss", 2)
    others = (
        known("stop_loss", status="CANCELED"),
        known("stop_loss", symbol=PERP),
        known("stop_loss", side="BUY"),
        known("take_profit"),
        known("exit", type="LIMIT", price="90", stop_price=None),
    )
    one, _ = orders(mine, *others, trailed, earlier)
    assert one.working_stops(of_every_round=False) == [mine, trailed]
    assert one.working_stops(of_every_round=True) == [mine, trailed, earlier]


@pytest.mark.parametrize(
    ("symbol", "pairs", "target", "lists"),
    [
        (SPOT, True, "120", True),
        (PERP, True, "120", False),
        (SPOT, False, "120", False),
        (SPOT, True, None, False),
    ],
)
def test_a_stop_and_its_target_are_one_list_on_spot_where_the_venue_has_lists(
    symbol: str, pairs: bool, target: str | None, lists: bool
) -> None:
    one, _ = orders(symbol=symbol, pairs=pairs, take_profit=target)
    assert (one.spot, one.lists) == (symbol == SPOT, lists)


async def test_a_stop_leaves_with_its_target_where_it_should_and_can(sent: list[Any]) -> None:
    one, _ = orders()
    assert await one.send("stop_loss", D("0.5"), D(1), paired=True) is SENT
    [(stop, target)] = sent
    assert (stop.leg, stop.quantity, stop.stop_price) == ("stop_loss-1", D("0.5"), D(80))
    assert (target.leg, target.quantity, target.stop_price) == ("take_profit-1", D("0.5"), D(120))
    for asked, more in (
        (("stop_loss", False), {}),
        (("guard_exit", True), {}),
        (("stop_loss", True), {"symbol": PERP}),
        (("stop_loss", True), {"pairs": False}),
        (("stop_loss", True), {"take_profit": None}),
    ):
        sent.clear()
        one, _ = orders(**more)  # type: ignore[arg-type]
        assert await one.send(asked[0], D("0.5"), D(1), paired=asked[1]) is SENT
        assert [request.leg for request in sent] == [f"{asked[0]}-1"]


async def test_what_the_instruction_does_not_permit_does_not_leave(sent: list[Any]) -> None:
    one, _ = orders()
    with pytest.raises(NotAuthorised, match="stop_loss-1"):
        await one.send("stop_loss", D("1.1"), D(1), paired=False)
    with pytest.raises(NotAuthorised):
        await one.send("stop_loss", D(1), D(1), paired=False, stop_price=D(81))
    assert sent == []


async def test_each_order_that_is_made_here_has_a_number_of_its_own_in_its_round(sent: list[Any]) -> None:
    there = (
        known("stop_loss-2", status="CANCELED"),
        known("guard_exit-4", type="MARKET", stop_price=None, status="REJECTED"),
        known("take_profit-1"),
        known("stop_loss"),
        known("stop_loss-7", 2),
        known("manual-9", side="BUY", type="MARKET", stop_price=None, reduce_only=False),
    )
    one, _ = orders(*there)
    await one.send("stop_loss", D(1), D(1), paired=False)
    assert sent[0].leg == "stop_loss-5"


@pytest.mark.parametrize(
    ("side", "mine", "others", "price"),
    [
        ("BUY", ["85", "95", "90"], "99", "95"),
        ("SELL", ["75", "65", "70"], "60", "65"),
        ("BUY", [], "99", "80"),
        ("SELL", [], "60", "80"),
    ],
)
async def test_a_stop_comes_back_where_it_had_trailed_to(
    sent: list[Any], side: str, mine: list[str], others: str, price: str
) -> None:
    back = {"side": "SELL" if side == "BUY" else "BUY"}
    there = [
        known(f"stop_loss-{n}", stop_price=at, status="CANCELED", **back) for n, at in enumerate(mine, 1)
    ]
    there += [
        known("stop_loss", 2, stop_price=others, **back),
        known("stop_loss", stop_price=others, symbol=PERP, **back),
        known("take_profit", stop_price=others, **back),
        known("guard_exit-9", type="MARKET", stop_price=None, **back),
    ]
    without = known("stop_loss", **back)
    there.append((without[0].model_copy(update={"stop_price": None}), without[1]))
    one, _ = orders(*there, side=side, take_profit=None, trail=0.1)
    await one.send("stop_loss", D(1), D(1), paired=False)
    closer = "96" if side == "BUY" else "64"
    await one.send("stop_loss", D(1), D(1), paired=False, stop_price=D(closer))
    assert [request.stop_price for request in sent] == [D(price), D(closer)]
    still, _ = orders(*there, side=side, take_profit=None)
    await still.send("stop_loss", D(1), D(1), paired=False)
    assert sent[-1].stop_price == 80, "one that does not trail is where the instruction has it"


async def test_a_guard_is_cancelled_by_its_name_in_the_entrys_round_and_silence_is_no_fault() -> None:
    one, venue = orders()
    for venue.silent in (False, True):
        await one.cancel(2, "stop_loss-1")
    assert venue.cancelled == [(name(2, "stop_loss-1"), 3, STILL)] * 2


async def test_e6_on_spot_only_a_target_that_shares_no_list_with_a_stop_makes_way() -> None:
    there = (
        known("stop_loss-1", oco_group="a"),
        known("take_profit-1", oco_group="a"),
        known("take_profit-2", oco_group="b"),
        known("stop_loss-3", oco_group="c", status="CANCELED"),
        known("take_profit-3", 2, oco_group="c"),
        known("take_profit-4", oco_group="d", status="FILLED"),
        known("take_profit-5", oco_group="e", symbol=PERP),
        known("stop_loss-6", oco_group="f", symbol=PERP),
        known("take_profit-6", oco_group="f"),
        known("exit", type="LIMIT", price="120", stop_price=None),
    )
    one, venue = orders(*there)
    await one.free_the_coins()
    assert gone(venue) == [name(3, "take_profit-2"), name(2, "take_profit-3"), name(3, "take_profit-6")]
    perp, venue = orders(*there, symbol=PERP)
    await perp.free_the_coins()
    assert gone(venue) == [], "a perpetual has no coins that could be held"
