"""One seed from beginning to end."""

import asyncio
import gc
import hashlib
import logging
import os
import tempfile
from collections import Counter
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import structlog

from simulator.checker.checker import Checker
from simulator.database.tables import Change
from simulator.engine.clocks import virtual, wall
from simulator.engine.log import EventLog
from simulator.engine.loop import VirtualLoop
from simulator.engine.process import own_tasks
from simulator.exchange.book import UNIT
from simulator.floor.faults import (
    ACTIVE_S,
    ARMED,
    CALM_S,
    CANDLES,
    LEAST,
    STRANGE,
    SURE,
    WOUND_UP_S,
    timetable,
)
from simulator.floor.lives import NAMES, Supervisor, load_defaults, point, roster, voices
from simulator.floor.servers import server
from simulator.floor.world import World
from simulator.outcome import Outcome
from simulator.plants import planted
from wire import crashpoint

MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
"""Where there is one, a run's few files are kept in memory: nobody asks what a disk does to them."""
Timetable = Sequence[tuple[float, str]]
"""What is brought about at which virtual second."""
structlog_off = structlog.make_filtering_bound_logger(logging.CRITICAL)


def simulate(seed: int, *, keep: bool = False, plant: str | None = None, also: Timetable = ()) -> Outcome:
    """Run one seed, with a fault planted in the product if one is named, and misfortunes beside the seed's own.

    The same seed has the same digest, in any process.
    """
    structlog.configure(wrapper_class=structlog_off)
    prepare()
    gc.disable()  # a collector that finalises generators at a moment of its own would decide the order of things
    loop = VirtualLoop(Random(f"{seed}/loop"))
    loop.set_task_factory(own_tasks)
    loop.set_exception_handler(lambda *_: None)
    log = EventLog(loop.time, keep=keep)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="outcry-sim-", dir=MEMORY) as home,
            virtual(loop.time),
            planted(plant),
        ):
            return loop.run_until_complete(_lived(seed, Path(home), log, also))
    finally:
        loop.close()
        gc.enable()
        gc.collect()


@cache
def prepare() -> None:
    """Build and import everything once: what is loaded later would not be on virtual time."""
    for name in NAMES:
        if name != "orchestrator":
            server(name)
    load_defaults()
    roster()
    voices()
    gc.collect()
    gc.freeze()


async def _lived(seed: int, home: Path, log: EventLog, also: Timetable) -> Outcome:
    loop, checker = asyncio.get_running_loop(), Checker()
    log.listeners.append(checker.hear)

    def rows(changes: list[Change]) -> None:
        told = [[table, str(key), row_digest(after)] for table, key, _, after in changes]
        log.note("committed", rows=told)
        checker.rows(loop.time(), changes, forgotten=world.database.forgetting)

    world = World(seed, home, log, rows)
    taken = crashpoint.install(lambda name: point(world, name))
    supervisor = Supervisor(world)
    watch = asyncio.ensure_future(_watched(world, checker))
    lived = asyncio.ensure_future(_whole(world, supervisor, checker, also))
    try:
        supervisor.open()
        await asyncio.wait({watch, lived}, return_when=asyncio.FIRST_COMPLETED)
        if checker.violation is None:
            await lived
            checker.finish(loop.time(), world.exchange.cash, world.exchange.base)
    finally:
        taken()
        watch.cancel()
        lived.cancel()
        world.over = True
        for process in world.all:
            process.kill()
        for _ in range(20):  # what was killed unwinds before the loop is closed
            await asyncio.sleep(0)
    log.note("end", **world.facts())
    broken = None if checker.violation is None else str(checker.violation)
    kinds = Counter(row["kind"] for row in world.database.tables.rows.get("cycles", {}).values())
    return Outcome(seed, log.digest, log.count, dict(sorted(world.chance.happened.items())), kinds["ROUND"],
                   len(world.exchange.orders), len(world.exchange.trades), broken, tuple(log.lines or ()))  # fmt: skip


async def _whole(world: World, supervisor: Supervisor, checker: Checker, also: Timetable) -> None:
    await _misfortunes(world, supervisor, also)
    world.chance.calm = True
    world.exchange.halted = False
    for process in world.all:
        process.go()
        if world.processes[process.name] is not process:
            process.kill()  # nobody asks it any more, and alive it would hold its leases
    await asyncio.sleep(
        max(0.0, world.door.closed_until - asyncio.get_running_loop().time())
    )  # a ban is a fault until it ends
    world.log.note("calm")
    await asyncio.sleep(CALM_S)
    end = asyncio.get_running_loop().time() + WOUND_UP_S
    while not checker.quiet() and asyncio.get_running_loop().time() < end:  # noqa: ASYNC110 - a log of plain facts has no events
        await asyncio.sleep(0.5)


async def _watched(world: World, checker: Checker) -> None:
    """Ends when an invariant broke."""
    while checker.violation is None:
        await asyncio.sleep(2.0)
        tasks = sum(process.tasks for process in world.processes.values())
        checker.second(asyncio.get_running_loop().time(), world.database.open, tasks)


def row_digest(row: dict[str, Any] | None) -> str:
    """A row in short: what differs by a byte differs here."""
    if row is None:
        return "-"
    return hashlib.blake2b(msgspec.msgpack.encode(row), digest_size=8).hexdigest()


async def _misfortunes(world: World, supervisor: Supervisor, also: Timetable) -> None:
    loop, random = asyncio.get_running_loop(), world.chance.stream("misfortunes")
    for at, kind in sorted((*timetable(random), *also)):
        await asyncio.sleep(max(0.0, at - loop.time()))
        await _befall(world, supervisor, kind, random)
    happened = world.chance.happened
    while len(happened) < LEAST:  # crash points that nobody passed, and kind rates
        await _befall(world, supervisor, random.choice([k for k in SURE if k not in happened]), random)
        await asyncio.sleep(1.0)
    await asyncio.sleep(max(0.0, ACTIVE_S - loop.time()))


STOP = "stop_"
"""Before a process's name: it is stopped and woken a minute later, whoever has taken its place by then."""
STOPPED_S = 60.0
HELD = {"hold_anyone": "", "two_orchestrators": "orchestrator", "two_executors": "execution"}
"""Who is held, and for whom a second one is started."""


async def _befall(world: World, supervisor: Supervisor, kind: str, random: Random) -> None:
    loop = asyncio.get_running_loop()
    if kind in ARMED:
        world.chance.arm(kind)
    elif kind == "kill_anyone":
        process = world.processes[random.choice(NAMES)]
        world.chance.note(kind, process=process.name)
        process.kill()
    elif kind in HELD:
        name = HELD[kind] or random.choice(NAMES)
        process = world.processes[name]
        if process.held:
            return
        world.chance.note(kind, process=name)
        process.hold()
        loop.call_later(random.uniform(1.0, 90.0), process.go)
        if HELD[kind]:
            supervisor.start(name)
    elif kind.startswith(STOP):
        process = world.processes[kind.removeprefix(STOP)]
        world.chance.note(kind)
        process.hold()
        loop.call_later(STOPPED_S, process.go)
    elif kind == "operator_halt":
        world.chance.note(kind)
        supervisor.operate(random.uniform(20.0, 120.0), flatten=random.random() < 0.3)
    elif kind == "db_crash":
        world.database.crash(random.uniform(0.5, 6.0))
    elif kind == "venue_halt":
        world.chance.note(kind)
        world.exchange.halted = True
        loop.call_later(random.uniform(20.0, 90.0), lambda: setattr(world.exchange, "halted", False))
    elif kind in STRANGE:
        world.chance.note(kind)
        _strange(world, kind, random)
        supervisor.look_into(random.uniform(20.0, 60.0))
    elif kind in CANDLES:
        world.chance.note(kind)
        world.reader.spoil(kind)


def _strange(world: World, kind: str, random: Random) -> None:
    strangers = world.strangers
    if kind == "foreign_order":
        strangers.rest()
    elif kind == "foreign_trade":
        strangers.trade(int(wall(asyncio.get_running_loop().time()).timestamp() * 1000))
    elif random.random() < 0.5:
        strangers.move(cash=random.choice((-1, 1)) * random.randint(1, 100 * UNIT))
    else:
        strangers.move(base=random.randint(1, UNIT // 100))
