"""When a stop is moved, to where and for how much: against a venue that only remembers what it was asked for."""

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_servers.execution import moving_stops
from mcp_servers.execution.moving_stops import MovingStops
from mcp_servers.execution.protecting import LOOK_S
from openoutcry.market.book import Book, Level
from openoutcry.risk.brackets import Covered
from openoutcry.settings import Settings
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.venue import PERP, SPOT, order
from wire.clock import WallClock

D = Decimal


@dataclass
class Asked:
    """Stands for the orders of one bracket: its working stops, and in order what was done about them."""

    stops: list[tuple[OrderRequest, OrderState]]
    one: Any
    spot: bool = False
    lists: bool = False
    sent: str = "NEW"
    done: list[Any] = field(default_factory=list)
    every: bool | None = None
    rules: tuple[Instrument, ...] = ()

    @property
    def venue(self) -> Any:
        async def instruments() -> tuple[Instrument, ...]:
            return self.rules

        return SimpleNamespace(orders=lambda: self.stops, instruments=instruments)

    def working_stops(self, *, of_every_round: bool) -> list[tuple[OrderRequest, OrderState]]:
        self.every = of_every_round
        return self.stops

    async def send(
        self, kind: str, quantity: D, held: D, *, paired: bool, stop_price: D | None
    ) -> OrderState:
        assert (kind, paired) == ("stop_loss", True)
        self.done.append((quantity, held, stop_price))
        return OrderState(order_seq=1, leg="stop_loss-9", status=self.sent)  # type: ignore[arg-type]

    async def cancel(self, seq: int, leg: str) -> None:
        self.done.append((seq, leg))


class Books:
    """The market at 100, a tick wide."""

    gone = False

    async def book(self, symbol: str, at: object) -> Book | None:
        assert symbol in (SPOT, PERP)
        return None if self.gone else Book((Level(D(100), D(9)),), (Level(D("100.5"), D(9)),))


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(moving_stops, "monotonic", made)
    return made


def stop(quantity: str, at: str | None = "80", leg: str = "stop_loss", side: str = "SELL") -> Any:
    request = order(leg, side, "STOP_LOSS", quantity, stop_price=at or "80", reduce_only=True)
    if at is None:
        request = request.model_copy(update={"stop_price": None})
    return request, OrderState(order_seq=1, leg=leg, status="NEW")


def asked(
    *stops: Any, side: str = "BUY", symbol: str = PERP, trail: float | None = 0.1, **more: Any
) -> Asked:
    entry = order("entry", side, "MARKET", "1", symbol=symbol)
    bracket = Bracket(stop_loss=D(80), trail=trail)
    one = SimpleNamespace(entry=entry, bracket=bracket, seq=1, key=("session", 1, "entry"))
    return Asked(list(stops), one, **more)


def moving(books: Books | None = None) -> MovingStops:
    deps: Any = SimpleNamespace(clock=WallClock(), settings=Settings())
    return MovingStops(deps, books or Books())


def found(held: str = "0.5") -> Covered:
    return Covered(held=D(held), bare=D(0), idle=(), leaving=False)


async def test_it_moves_for_what_the_stops_are_of_and_never_for_more_than_is_held() -> None:
    for stops, held, quantity in (
        (["0.3"], "0.5", "0.3"),
        (["0.3", "0.4"], "0.5", "0.5"),
        (["2"], "0.5", "0.5"),
    ):
        orders = asked(*(stop(each) for each in stops))
        await moving().trail(orders, found(held), alone=True)  # type: ignore[arg-type]
        assert orders.done[0] == (D(quantity), D(held), D(90)) and orders.every is True
    orders = asked(stop("0.3"))
    await moving().trail(orders, found(), alone=False)  # type: ignore[arg-type]
    assert orders.every is False


async def test_it_moves_in_the_ticks_and_steps_that_the_venue_tells() -> None:
    rules = Instrument(symbol=PERP, kind="perp", price_tick=D(7), quantity_step=D("0.2"), min_notional=D(5))
    orders = asked(stop("0.5"), rules=(rules,))
    await moving().trail(orders, found(), alone=True)
    assert orders.done[0] == (D("0.4"), D("0.5"), D(91)), "90 to the nearest tick of 7"


async def test_of_several_stops_the_loosest_tells_where_they_are() -> None:
    orders = asked(stop("0.2", "95"), stop("0.3", "80", "stop_loss-1"), stop("0.1", None, "stop_loss-2"))
    await moving().trail(orders, found(), alone=True)  # type: ignore[arg-type]
    assert orders.done[0][2] == D(90)
    near = asked(stop("0.2", "95"))
    await moving().trail(near, found(), alone=True)  # type: ignore[arg-type]
    assert near.done == []  # never back
    short = asked(stop("0.2", "101", side="BUY"), stop("0.3", "130", "stop_loss-1", side="BUY"), side="SELL")
    await moving().trail(short, found(), alone=True)  # type: ignore[arg-type]
    assert short.done[0][2] == D("110.55")  # of what a buyer pays


async def test_a_perpetuals_old_stop_goes_when_the_new_one_is_there_and_on_spot_before() -> None:
    new, old = (D("0.3"), D("0.5"), D(90)), (1, "stop_loss")
    for more, done in (
        ({}, [new, old]),
        ({"sent": "REJECTED"}, [new]),
        ({"sent": "UNKNOWN"}, [new]),
        ({"sent": "EXPIRED"}, [new]),
        ({"sent": "CANCELED"}, [new]),
        ({"symbol": SPOT, "spot": True}, [old, new]),
        ({"symbol": SPOT, "spot": True, "sent": "REJECTED"}, [old, new]),
    ):
        orders = asked(stop("0.3"), **more)
        await moving().trail(orders, found(), alone=True)  # type: ignore[arg-type]
        assert orders.done == done


async def test_nothing_moves_without_a_trail_a_price_or_a_stop() -> None:
    gone = Books()
    gone.gone = True
    deps: Any = SimpleNamespace(clock=WallClock(), settings=Settings())
    for mover, orders in (
        (moving(), asked(stop("0.3"), trail=None)),
        (moving(), asked()),
        (moving(gone), asked(stop("0.3"))),
        (MovingStops(deps, None), asked(stop("0.3"))),
    ):
        await mover.trail(orders, found(), alone=True)  # type: ignore[arg-type]
        assert orders.done == []


async def test_e6_after_a_move_it_rests(clock: Clock) -> None:
    mover, orders = moving(), asked(stop("0.3"))
    clock.now = 0.0  # a machine that has just started
    for after_s, moves in ((0.0, 1), (9.9, 1), (0.1, 2), (0.1, 2)):
        clock.now += after_s
        await mover.trail(orders, found(), alone=True)  # type: ignore[arg-type]
        assert len([one for one in orders.done if len(one) == 3]) == moves


async def test_e6_a_lost_target_comes_back_a_while_later_where_its_stop_is(clock: Clock) -> None:
    mover = moving()
    for more in ({"lists": False}, {"lists": True}):
        orders = asked(stop("0.3", "85"), symbol=SPOT, spot=True, **more)
        for after_s in (0.0, 9.9):
            clock.now += after_s
            await mover.retarget(orders, found())  # type: ignore[arg-type]
        assert orders.done == []
    for held, done in (("0", []), ("0.5", [(1, "stop_loss"), (D("0.3"), D("0.5"), D(85))])):
        clock.now += 0.1
        await mover.retarget(orders, found(held))  # type: ignore[arg-type]
        assert orders.done == done
    clock.now += 9.9
    await mover.retarget(orders, found())  # type: ignore[arg-type]
    assert orders.done == done
    clock.now += 0.1
    await mover.retarget(orders, found())  # type: ignore[arg-type]
    assert orders.done == done * 2


async def test_e6_a_target_that_is_there_is_left_alone(clock: Clock) -> None:
    mover, stop_ = moving(), stop("0.3")
    target = order("take_profit", "SELL", "TAKE_PROFIT", "0.3", stop_price="120", reduce_only=True)
    there = (target, OrderState(order_seq=1, leg="take_profit", status="NEW"))
    orders = asked(stop_, there, symbol=SPOT, spot=True, lists=True)
    for _ in range(3):
        await mover.retarget(orders, found())  # type: ignore[arg-type]
        clock.now += 10.0
    assert orders.done == []


def test_i7_what_was_filled_is_looked_at_twice_a_second() -> None:
    assert LOOK_S == 0.5  # the five seconds in which nothing is naked are reckoned with it
