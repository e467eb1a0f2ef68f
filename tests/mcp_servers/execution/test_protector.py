"""Who is looked at, what a look does about each entry, and when it alarms: the orders of a bracket only remember."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import asyncpg
import pytest

from db import standing
from mcp_servers.execution import protecting
from mcp_servers.execution.protecting import Protector
from mcp_servers.execution.standing_instructions import Instruction
from openoutcry.errors import NotAuthorised, VenueUnknown
from openoutcry.ledger.facts import SessionFacts
from openoutcry.settings import Settings
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.floor import facts
from tests.mcp_servers.execution.venue import PERP, SPOT, order
from wire.clock import WallClock

D = Decimal
FACTS = facts().model_copy(update={"source": "live"})
Known = tuple[OrderRequest, OrderState]


class Clock:
    """Seconds that pass when they are told to."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Floor:
    """The market's accounts, the instructions in force, and in order what a look did."""

    clock: Clock
    rows: list[dict[str, Any]] = field(default_factory=list)
    known: list[Known] = field(default_factory=list)
    net: dict[str, Decimal] = field(default_factory=dict)
    said: list[OrderState] = field(default_factory=list)
    done: list[Any] = field(default_factory=list)
    alarms: list[Any] = field(default_factory=list)
    rules: tuple[Instrument, ...] = ()
    facts: SessionFacts = FACTS
    silent: bool = False
    outrun: bool = False
    tried_s: float = 0.0
    """How long an order takes."""

    def enter(self, leg: str = "entry", seq: int = 1, filled: str = "1", *, symbol: str = SPOT) -> None:
        """An entry of a long, with its instruction."""
        state = OrderState(order_seq=seq, leg=leg, status="FILLED", executed_quantity=D(filled))
        self.known.append((order(leg, "BUY", "MARKET", "1", symbol=symbol), state))
        self.net[symbol] = self.net.get(symbol, D(0)) + D(filled)
        names = {"session_id": FACTS.session_id, "org_id": FACTS.org_id}
        self.rows.append(names | {"symbol": symbol, "seq": seq, "leg": leg})

    def waits(self, leg: str = "stop_loss", seq: int = 1, quantity: str = "1", **more: Any) -> None:
        """A guard, or an exit, that works."""
        request = order(leg, "SELL", "STOP_LOSS", quantity, stop_price="80", reduce_only=True, **more)
        self.known.append((request, OrderState(order_seq=seq, leg=leg, status="NEW")))

    async def in_force(self, pool: Any) -> list[dict[str, Any]]:
        return self.rows

    async def alarm(self, pool: Any, org: Any, event: Any) -> None:
        assert (pool, org) == ("pool", FACTS.org_id)
        self.alarms.append(event)

    async def told(self, session: str, org: str) -> SessionFacts:
        assert (session, org) == (str(FACTS.session_id), str(FACTS.org_id))
        return self.facts

    @asynccontextmanager
    async def account(self, facts: Any) -> AsyncIterator[Any]:
        assert facts == self.facts
        yield self

    async def refresh(self) -> None:
        self.done.append("refresh")
        if self.silent:
            raise VenueUnknown("silence")

    def orders(self) -> tuple[Known, ...]:
        return tuple(self.known)

    def positions(self) -> tuple[Any, ...]:
        return tuple(SimpleNamespace(symbol=symbol, quantity=net) for symbol, net in self.net.items())

    async def instruments(self) -> tuple[Instrument, ...]:
        return self.rules

    def read(self, key: Any, row: Any, facts: Any, venue: Any) -> Instruction | None:
        assert (key, facts, venue) == (b"key", self.facts, self)
        if row["leg"] == "forged":
            raise NotAuthorised("nobody signed it")
        entry = next((r for r, s in self.known if (s.order_seq, s.leg) == (row["seq"], row["leg"])), None)
        bracket = Bracket(stop_loss=D(80))
        return None if entry is None else Instruction(facts, row["seq"], row["leg"], entry, bracket)

    def brackets(self, deps: Any, one: Instruction, venue: Any) -> Any:
        assert venue is self
        return Bracketed(self, one)


@dataclass
class Bracketed:
    """Stands for the orders of one bracket."""

    floor: Floor
    one: Instruction

    async def cancel(self, seq: int, leg: str) -> None:
        self.floor.done.append(("cancel", seq, leg))

    async def free_the_coins(self) -> None:
        self.floor.done.append("coins")

    async def send(self, kind: str, quantity: D, held: D, *, paired: bool) -> OrderState:
        self.floor.done.append((kind, quantity, held, paired))
        self.floor.clock.now += self.floor.tried_s
        return self.floor.said.pop(0)


class Moves:
    """Stands for the stops that move."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    async def trail(self, orders: Any, found: Any, *, alone: bool) -> None:
        self._floor.done.append(("trail", orders.one.leg, alone))

    async def retarget(self, orders: Any, found: Any) -> None:
        self._floor.done.append(("retarget", orders.one.leg))


@pytest.fixture
def floor(monkeypatch: pytest.MonkeyPatch) -> Floor:
    clock = Clock()
    made = Floor(clock)
    monkeypatch.setattr(protecting, "monotonic", clock)
    monkeypatch.setattr(standing, "in_force", made.in_force)
    monkeypatch.setattr(standing, "alarm", made.alarm)
    monkeypatch.setattr(protecting, "read", made.read)
    monkeypatch.setattr(protecting, "BracketOrders", made.brackets)
    return made


def looking(floor: Floor, **more: Any) -> Protector:
    deps: Any = SimpleNamespace(
        pool="pool", key=b"key", sessions=SimpleNamespace(facts=floor.told), desk=floor, clock=WallClock(),
        settings=Settings(),
    )  # fmt: skip
    protector = Protector(deps, **more)
    protector._stops = Moves(floor)  # type: ignore[assignment]
    return protector


def state(status: str, leg: str = "stop_loss-1", error: str | None = None) -> OrderState:
    return OrderState(order_seq=1, leg=leg, status=status, error=error)  # type: ignore[arg-type]


async def test_i7_what_has_its_stop_may_have_it_moved_and_nothing_else(floor: Floor) -> None:
    floor.enter()
    floor.waits()
    await looking(floor).look()
    assert floor.done == ["refresh", ("trail", "entry", True), ("retarget", "entry")] and floor.alarms == []


async def test_i7_what_is_bare_gets_its_stop_after_a_moment(floor: Floor) -> None:
    floor.enter()
    floor.waits(quantity="0.4")
    floor.net["ETH/USDT"] = D(5)  # of another market
    floor.said = [state("NEW")]
    protector = looking(floor)
    await protector.look()
    floor.clock.now += 0.59
    await protector.look()
    assert floor.done == ["refresh", "refresh"], "its round may be at it"
    floor.clock.now += 0.02
    await protector.look()
    assert floor.done[3:] == ["coins", ("stop_loss", D("0.6"), D(1), True)] and floor.alarms == []


async def test_what_is_less_than_the_venues_own_step_is_not_bare(floor: Floor) -> None:
    floor.enter()
    floor.waits(quantity="0.4")
    floor.rules = (
        Instrument(
            symbol=SPOT, kind="spot", price_tick=D(1), quantity_step=D("0.7"), min_notional=D(1)
        ),
    )  # fmt: skip
    await looking(floor).look()
    assert floor.done == ["refresh", ("trail", "entry", True), ("retarget", "entry")]


async def test_e6_a_stop_that_is_refused_is_tried_thrice_alone_then_the_position_is_closed_all_with_an_alarm(
    floor: Floor,
) -> None:
    floor.enter()
    floor.said = [
        state("REJECTED", error="no"),
        state("UNKNOWN"),
        state("EXPIRED"),
        state("NEW", "guard_exit-4"),
    ]
    floor.tried_s = 0.1
    protector = looking(floor)
    await protector.look()
    floor.clock.now += 0.7
    for _ in range(4):
        await protector.look()
    assert [one for one in floor.done if isinstance(one, tuple)] == [
        ("stop_loss", D(1), D(1), True),
        ("stop_loss", D(1), D(1), False),
        ("stop_loss", D(1), D(1), False),
        ("guard_exit", D(1), D(1), False),
    ]
    assert [(event.type, event.data["status"], event.data["message"]) for event in floor.alarms] == [
        ("system_status", "alarm", f"BTC/USDT: 1 without a stop for {for_s} s: {what}")
        for for_s, what in (
            ("0.8", "stop_loss-1 is REJECTED"),
            ("0.9", "stop_loss-1 is UNKNOWN"),
            ("1.0", "stop_loss-1 is EXPIRED"),
            ("1.1", "guard_exit-4 is NEW"),
        )
    ]
    assert floor.alarms[0].data["metadata"] == {"leg": "stop_loss-1", "error": "no"}
    await protector.look()
    assert floor.done[-1] == "refresh", "and then it waits"


async def test_a_stretch_that_is_over_begins_anew(floor: Floor) -> None:
    floor.enter()
    floor.said = [state("REJECTED"), state("NEW")]
    protector = looking(floor)
    await protector.look()
    floor.clock.now += 0.7
    await protector.look()
    floor.waits()
    await protector.look()
    floor.known.pop()
    floor.done.clear()
    await protector.look()
    assert floor.done == ["refresh"], "a moment's grace again"
    floor.clock.now += 0.7
    await protector.look()
    assert floor.done[-1] == ("stop_loss", D(1), D(1), True)


async def test_guards_that_protect_nothing_are_cancelled_and_leaving_is_not_raced(floor: Floor) -> None:
    floor.enter()
    floor.net[SPOT] = D(0)
    floor.waits()
    await looking(floor).look()
    assert floor.done == [
        "refresh",
        ("cancel", 1, "stop_loss"),
        ("trail", "entry", True),
        ("retarget", "entry"),
    ]
    floor.net[SPOT] = D(1)
    for quantity in ("0.4", "1"):
        floor.done.clear()
        floor.known = floor.known[:1]
        floor.waits(quantity=quantity)
        floor.waits("exit", 2)
        protector = looking(floor)
        for _ in range(2):
            await protector.look()
            floor.clock.now += 0.7
        assert floor.done == ["refresh"] * 2, "neither a stop is placed nor one moved"


async def test_an_entry_that_filled_nothing_has_nothing_to_protect(floor: Floor) -> None:
    floor.enter(filled="0")
    protector = looking(floor)
    for _ in range(2):
        await protector.look()
        floor.clock.now += 0.7
    assert floor.done == ["refresh"] * 2


async def test_e5_a_stop_that_is_too_small_gives_way_to_an_exit_and_dust_rests(floor: Floor) -> None:
    floor.enter()
    small = "LOT_SIZE: less than a step"
    floor.said = [state("REJECTED", error=small), state("REJECTED", "guard_exit-2", small), state("NEW")]
    protector = looking(floor)
    await protector.look()
    floor.clock.now += 0.7
    for _ in range(3):
        await protector.look()
        floor.clock.now += 5.0
    kinds = [one[0] for one in floor.done if isinstance(one, tuple)]
    assert kinds == ["stop_loss", "guard_exit"] and floor.alarms == [], (
        "what cannot be sold is no naked position"
    )
    assert not any(one[0] == "trail" for one in floor.done), "and has no stop that could move"
    floor.clock.now += 600.0
    await protector.look()
    floor.clock.now += 0.7
    await protector.look()
    assert [one[0] for one in floor.done if isinstance(one, tuple)] == [
        "stop_loss",
        "guard_exit",
        "stop_loss",
    ]


async def test_who_has_no_stop_goes_before_whose_stop_moves_and_two_entries_are_not_alone(
    floor: Floor,
) -> None:
    floor.enter()
    floor.enter("manual-1", 2)
    floor.waits(quantity="2")
    protector = looking(floor)
    await protector.look()
    assert [one for one in floor.done if one[0] == "trail"] == [
        ("trail", "entry", False),
        ("trail", "manual-1", False),
    ]
    floor.known.pop()
    floor.waits()
    floor.said = [state("NEW")]
    await protector.look()
    floor.clock.now += 0.7
    floor.done.clear()
    await protector.look()
    assert floor.done[1:] == [
        "coins", ("stop_loss", D(1), D(1), True), ("trail", "entry", False), ("retarget", "entry"),
    ]  # fmt: skip


async def test_e6_while_one_entry_is_left_nobody_moves_the_stop_of_another(floor: Floor) -> None:
    floor.enter()
    floor.enter("manual-1", 2)
    floor.waits()
    floor.said = [state("NEW", "guard_exit-1")]
    protector = looking(floor)
    await protector.look()
    floor.clock.now += 0.7
    one = Instruction(FACTS, 2, "manual-1", floor.known[1][0], Bracket(stop_loss=D(80)))
    protector._naked[one.key] = protector._naked[one.key].tried(
        "stop", floor.clock.now, "would immediately trigger"
    )
    send = Bracketed.send

    async def leaves(self: Bracketed, kind: str, quantity: D, held: D, *, paired: bool) -> OrderState:
        floor.waits("guard_exit-1", 2)
        return await send(self, kind, quantity, held, paired=paired)

    floor.done.clear()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Bracketed, "send", leaves)
        await protector.look()
    assert floor.done == ["refresh", "coins", ("guard_exit", D(1), D(1), False)]


async def test_one_whose_account_is_not_told_or_whose_instruction_nobody_signed_holds_nobody_up(
    floor: Floor,
) -> None:
    floor.enter("forged")
    floor.enter(seq=2)
    floor.waits(quantity="2")
    floor.rows.append(floor.rows[0] | {"seq": 9, "leg": "entry"})  # which the venue does not know
    await looking(floor).look()
    assert floor.done == ["refresh", ("trail", "entry", True), ("retarget", "entry")]
    floor.silent = True
    floor.done.clear()
    floor.enter(symbol=PERP)
    await looking(floor).look()
    assert floor.done == ["refresh", "refresh"], "each market of a session is looked at by itself"


async def test_by_the_books_of_an_older_database_nobody_is_protected(floor: Floor) -> None:
    floor.enter()
    floor.outrun = True
    protector = looking(floor)
    for _ in range(2):
        await protector.look()
        floor.clock.now += 0.7
    assert floor.done == ["refresh"] * 2


async def test_a_protector_is_of_one_market(floor: Floor) -> None:
    floor.enter()
    floor.waits()
    floor.facts = facts()
    await looking(floor).look()
    assert floor.done == []
    await looking(floor, market="recorded").look()
    assert floor.done[0] == "refresh"


async def test_p8_it_looks_until_it_is_cancelled_whatever_the_database_says(
    floor: Floor, monkeypatch: pytest.MonkeyPatch
) -> None:
    protector, looks, pauses = looking(floor, look_s=0.25), 0, list[float]()

    async def look() -> None:
        nonlocal looks
        looks += 1
        if looks == 4:
            raise asyncio.CancelledError
        raise asyncpg.ConnectionDoesNotExistError("connection was closed")

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)
        assert len(pauses) < 9

    monkeypatch.setattr(protector, "look", look)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    with pytest.raises(asyncio.CancelledError):
        await protector.run()
    assert looks == 4 and pauses == [0.25] * 3
