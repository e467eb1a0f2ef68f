"""The simulated exchange's door and the connector to it: as strict, and as forgetful, as the real ones."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_servers.execution.venues.protocol import Still
from openoutcry.errors import Fenced, VenueUnknown
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest
from simulator.database.server import Database, Pool
from simulator.database.tables import Tables
from simulator.engine.clocks import BORN, virtual
from simulator.engine.loop import VirtualLoop
from simulator.engine.process import CURRENT, Process
from simulator.exchange.book import UNIT, Exchange
from simulator.exchange.strangers import Strangers
from simulator.floor.comparing import Questions
from simulator.floor.venue import BOUND_S, SimulatedVenue
from simulator.world.chance import Chance
from simulator.world.door import RECV_WINDOW_S, Door
from tests.factories import facts_of

ENTRY = OrderRequest(
    leg="entry", symbol="BTC/USDT", side="BUY", type="MARKET", quantity=Decimal("0.01"), reason="x"
)

FACTS = facts_of(symbol=ENTRY.symbol)
GUARD = {"side": "SELL", "reduce_only": True, "oco_group": "bracket-1-1"}


class Place:
    """An exchange in calm weather, a process, and its connector."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        log: Any = SimpleNamespace(note=lambda *_, **__: None)
        chance = Chance(1, log, {})
        bars = [(int(BORN.timestamp() * 1000), *(100 * UNIT,) * 4)]
        self.exchange = Exchange(
            cash=1_000 * UNIT, bars=bars, bar_ms=60_000, random=Random(1), now=loop.time, note=log.note
        )
        self.door = Door(self.exchange, Strangers(self.exchange), chance)
        self.pool = Pool(Database(Tables(lambda _: None), chance, loop.time))
        self.begin()

    def begin(self) -> None:
        """The process's first life, or its next."""
        self.process = Process("execution", 1, asyncio.get_running_loop().time())
        CURRENT.set(self.process)
        self.venue = self.connected()

    def connected(self) -> SimulatedVenue:
        return SimulatedVenue(self.door, FACTS, self.pool)

    def ticket(self, name: str = "oo-1", request: OrderRequest = ENTRY) -> Ticket:
        return Ticket(name, 1, request, BORN)

    def pair(self) -> tuple[Ticket, Ticket]:
        """A stop and a target of what is held."""
        self.exchange.base = 10**6
        stop = ENTRY.model_copy(
            update={"leg": "stop_loss-1", "type": "STOP_LOSS", **GUARD, "stop_price": Decimal(90)}
        )
        target = ENTRY.model_copy(
            update={"leg": "take_profit-1", "type": "TAKE_PROFIT", **GUARD, "stop_price": Decimal(110)}
        )
        return self.ticket("oo-s", stop), self.ticket("oo-t", target)


def on_virtual_time(work: Callable[[Place], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Run a test's body in a simulated world of its own."""

    async def lived() -> None:
        await work(Place())

    def test() -> None:
        loop = VirtualLoop(Random(1))
        try:
            with virtual(loop.time):
                loop.run_until_complete(lived())
        finally:
            loop.close()

    return test


def once_then(error: Exception) -> Still:
    """Lets the first request out, and no other."""
    asked = []

    async def still() -> None:
        asked.append(1)
        if len(asked) > 1:
            raise error

    return still


async def _held(place: Place, seconds: float) -> "asyncio.Task[Any]":
    """Placed by a process that stands still for so long between its signature and its first byte."""
    still = once_then(Fenced("another has it", "account:1"))
    placing = asyncio.ensure_future(place.venue.place(place.ticket(), still))
    await asyncio.sleep(0.005)  # it takes at least twice that to arrive
    place.process.hold()
    await asyncio.sleep(seconds)
    place.process.go()
    await asyncio.wait({placing})
    return placing


@on_virtual_time
async def test_what_a_process_sends_that_was_held_for_too_long_is_refused(place: Place) -> None:
    placing = await _held(place, RECV_WINDOW_S + 1)
    with pytest.raises(Fenced):  # asked again before it signs again: its place is another's by then
        await placing
    assert not place.exchange.orders


@on_virtual_time
async def test_a_signature_that_is_young_enough_is_good(place: Place) -> None:
    placing = await _held(place, RECV_WINDOW_S - 1)
    assert (await placing).status == "FILLED" and len(place.exchange.orders) == 1


@on_virtual_time
async def test_the_comparison_asks_nothing_in_a_pause_that_began_while_its_process_was_held(
    place: Place,
) -> None:
    place.process.hold()
    asking = asyncio.ensure_future(Questions(place.door)("spot", "account", {}, weight=20))
    await asyncio.sleep(1.0)
    place.door.told_until = asyncio.get_running_loop().time() + 40.0  # another process was told
    place.process.go()
    with pytest.raises(VenueUnknown, match="asked for a pause; 40 s"):
        await asking


@on_virtual_time
async def test_a_refusal_is_among_the_orders_for_ever(place: Place) -> None:
    await place.venue.open()
    place.exchange.halted = True
    refused = await place.venue.place(place.ticket())
    assert (refused.status, refused.error) == ("REJECTED", "-1013 the market is halted")
    place.begin()  # who makes the next name counts the refused ones too, and in its next life as well
    await place.venue.open()
    assert [(r.leg, s.status) for r, s in place.venue.orders()] == [("entry", "REJECTED")]
    assert await place.venue.lookup("oo-1") == refused


@on_virtual_time
async def test_a_refusal_that_was_not_heard_of_again_is_no_absence(place: Place) -> None:
    later = place.connected()
    place.exchange.halted = True
    await place.venue.place(place.ticket())
    await asyncio.sleep(BOUND_S)
    known = await later.lookup("oo-1")
    assert known is not None and known.status == "REJECTED"
    assert await later.lookup("oo-2") is None, "what was never sent"


@on_virtual_time
async def test_what_left_and_is_not_found_is_absent_only_when_it_cannot_come_any_more(place: Place) -> None:
    place.door.chance.arm("venue_5xx_before")
    with pytest.raises(VenueUnknown, match="never arrived"):
        await place.venue.place(place.ticket())
    place.begin()  # what was sent is noted in the database, for the next life too
    with pytest.raises(VenueUnknown, match="may still arrive"):
        await place.venue.lookup("oo-1")
    await asyncio.sleep(BOUND_S)
    assert await place.venue.lookup("oo-1") is None


@on_virtual_time
async def test_a_pair_is_taken_as_one_and_cancelled_as_one(place: Place) -> None:
    states = await place.venue.place_pair(*place.pair())
    assert [(s.leg, s.status) for s in states] == [("stop_loss-1", "NEW"), ("take_profit-1", "NEW")]
    gone = await place.venue.cancel("oo-s", at=BORN, by_seq=2)
    assert gone is not None and gone.status == "CANCELED"
    assert [s.status for _, s in place.venue.orders()] == ["CANCELED", "CANCELED"]


@on_virtual_time
async def test_of_a_pair_that_is_refused_nothing_exists(place: Place) -> None:
    place.exchange.halted = True
    assert [s.status for s in await place.venue.place_pair(*place.pair())] == ["REJECTED", "REJECTED"]
    assert not place.exchange.orders


@on_virtual_time
async def test_what_the_exchange_throws_out_is_heard_of_after_the_placing(place: Place) -> None:
    place.door.chance.arm("venue_throws_out")
    stop, _ = place.pair()
    assert (await place.venue.place(stop)).status == "NEW"
    assert [s.status for _, s in place.venue.orders()] == ["EXPIRED"]
