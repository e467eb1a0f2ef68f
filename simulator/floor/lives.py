"""How each simulated process begins, and who starts it again when it ends."""

import asyncio
import contextlib
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID

from agents.llm.language import LanguageMind
from agents.llm.rules import RulesMind
from agents.registry import Roster, discover
from agents.seated import SeatedAgent
from db import halting
from db.leases import Leases
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.indicators.deps import IndicatorsDeps
from mcp_servers.market.deps import MarketDeps
from mcp_servers.market.sources.recorded import RecordedSource
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.ledger_books import LedgerBooks
from openoutcry.errors import NotFound, VenueRejected
from openoutcry.ledger.facts import SessionFacts
from openoutcry.minds.prices import Price
from openoutcry.settings import AgentSettings
from orchestrator.bootstrap import LiveFloor, seats
from orchestrator.conductor import Conductor
from orchestrator.run import LEASE, PATIENCE_S
from orchestrator.store import News, Store
from simulator.database.server import Database, Link, Pool
from simulator.engine.clocks import BORN
from simulator.engine.process import CURRENT, Killed, Process
from simulator.floor.comparing import keep_comparing, looked_into
from simulator.floor.faults import SPEED
from simulator.floor.person import Person
from simulator.floor.protection import SimulatedProtector
from simulator.floor.servers import ROOT, served
from simulator.floor.settings import SETTINGS, settings_of
from simulator.floor.venue import SimulatedVenue
from simulator.floor.world import World
from simulator.world.market import EXCHANGE, TIMEFRAME
from simulator.world.model import NAME, SimulatedModel
from simulator.world.network import Wire
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, RunSpec
from wire.strategies import load_trading_defaults
from wire.tokens import SERVERS, derive_key

AGENTS = ("hedging", "risk", "technical", "trend")
NAMES = (*SERVERS, *(f"agent-{name}" for name in AGENTS), "orchestrator")
GOOD_FOR_S = 9.0
"""How long leases outlive their last renewal: three times the real floor's, for a third of its heartbeats."""


class SimulatedDesk(VenueDesk):
    """The execution server's accounts, at the simulated exchange."""

    def __init__(self, world: World, leases: Leases) -> None:
        super().__init__(world.home, world.reader, SETTINGS.venue, leases)
        self._world = world

    async def _opened(self, facts: SessionFacts) -> Any:
        if facts.mode != "PAPER":
            raise VenueRejected(f"session {facts.session_id} trades {facts.mode}")
        venue = SimulatedVenue(self._world.door, facts, _pool(self._world))
        await venue.open()
        return venue


class Supervisor:
    """Starts every process, and again whatever ends, until the world ends."""

    def __init__(self, world: World) -> None:
        self._world = world

    def open(self) -> None:
        """Start everything, and let a person in."""
        for name in NAMES:
            self.start(name)
        self._let_in()

    def _let_in(self) -> None:
        world, rows = self._world, self._world.database.tables.rows
        person = world.born("person")
        someone = Person(
            _pool(world),
            world.exchange,
            world.chance.stream("person"),
            lambda: [str(key) for key, row in rows.get("orders", {}).items() if row["status"] == "NEW"],
        )
        session = lambda: next(iter(rows.get("sessions", {})), None)  # noqa: E731
        person.spawn(someone.live(session, lambda: world.chance.calm))

    def start(self, name: str) -> Process:
        """A new life of one process."""
        process = self._world.born(name)
        process.dying.append(lambda: self._again(process))
        if name in ("orchestrator", "execution"):
            process.spawn(self._main(process))
        else:
            process.deps = self._deps(name)
            self._world.network.serve(process, served(name, self._world.log.note))
        return process

    async def _main(self, process: Process) -> None:
        world = self._world
        try:
            if process.name == "orchestrator":
                await conduct(world, process)
            else:
                await execute(world, process, KillFile(world.home / "KILL"))
        except Killed:
            raise
        except Exception as error:
            world.log.note("process_failed", name=process.name, life=process.life, error=type(error).__name__,
                           text=str(error)[:200])  # fmt: skip
            process.kill()

    def operate(self, seconds: float, *, flatten: bool) -> None:
        """A person throws the kill switch and releases it after a while."""
        world = self._world
        operator = world.born("operator")

        async def throw() -> None:
            pool, org = _pool(world), UUID(DEFAULT_ORG)
            at = WallClock().now()
            await halting.throw(
                pool, org, reason="drill", by="operator", source="cli", at=at, flatten=flatten
            )
            await asyncio.sleep(seconds)
            with contextlib.suppress(NotFound):
                await halting.release(pool, org, reason="over", by="operator", at=WallClock().now())

        operator.spawn(throw())

    def look_into(self, seconds: float) -> None:
        """A person looks after a while at what a comparison of the account has halted."""
        self._world.born("auditor").spawn(looked_into(self._world, _pool(self._world), seconds))

    def _again(self, process: Process) -> None:
        world = self._world
        if world.over:
            return
        world.log.note("process_ended", name=process.name, life=process.life)
        if world.processes[process.name] is process:
            pause = 0.3 + world.chance.stream("supervisor").random()
            asyncio.get_running_loop().call_later(pause, self._start_again, process)

    def _start_again(self, process: Process) -> None:
        if self._world.processes[process.name] is process:
            self.start(process.name)

    def _deps(self, name: str) -> Any:
        world, pool = self._world, _pool(self._world)
        if name == "market":
            return MarketDeps(world.reader, RecordedSource(), EXCHANGE, TIMEFRAME)
        if name == "indicators":
            return IndicatorsDeps(world.reader, EXCHANGE, load_defaults())
        if name == "risk":
            return RiskDeps(LedgerBooks(pool, SETTINGS), world.reader, EXCHANGE, SETTINGS, pool)
        return seated(world, name.removeprefix("agent-"))


@cache
def load_defaults() -> Any:
    """The shipped trading defaults, read once."""
    return load_trading_defaults(Path("/nonexistent"))


@cache
def roster() -> Roster:
    """The agents there are, searched for once: that takes longer than a round."""
    return discover()


@cache
def voices() -> Any:
    """The seats of the floor."""
    return seats(SETTINGS, AGENTS)


def _pool(world: World) -> Any:
    return Pool(world.database)


def seated(world: World, name: str) -> SeatedAgent:
    """An agent with its mind: its own rules or a simulated model, as the seed has it."""
    agent = roster().named(name)
    servers = {server: Wire(world.network, server) for server in SERVERS}
    mind: Any = RulesMind()
    if name != "hedging" and world.chance.stream(f"mind/{name}").random() < 0.8:
        lean = world.chance.stream("lean").choice(("BUY", "BUY", "SELL"))
        model = SimulatedModel(world.chance, agent.voice, name, lean)
        random = world.chance.stream(f"jitter/{name}")
        deadline = SETTINGS.voting.deadline_s
        mind = LanguageMind([model], {NAME: Price()}, agent.voice, SETTINGS.llm, deadline, True, random)
    return SeatedAgent(agent, servers, mind, AgentSettings(), SETTINGS.voting.deadline_s)


def run_spec(world: World) -> RunSpec:
    """One symbol, a bar every 20 seconds of virtual time."""
    return RunSpec(market="recorded", exchange=EXCHANGE, symbols=(world.symbol,), timeframe=TIMEFRAME, start=BORN,
                   speed=SPEED, seed=world.seed)  # fmt: skip


class SimulatedLeases(Leases):
    """Leases on a connection of the simulated database."""

    database: Database

    async def _connected(self) -> Any:
        if self._connection is None or self._connection.is_closed():
            self.database.check(self.database.epoch)
            link: Any = Link(self.database)
            self._connection = link
        return self._connection


def leases_of(world: World, process: Process) -> Any:
    """The leases of one process, held until it ends."""
    kind: Any = type("Leases", (SimulatedLeases,), {"database": world.database})
    return kind.opened("", str(process), GOOD_FOR_S)


async def execute(world: World, process: Process, kill_file: KillFile) -> None:
    """The execution server: it serves under its leases."""
    pool = _pool(world)
    await kill_file.heed(pool, UUID(DEFAULT_ORG), WallClock().now())
    async with leases_of(world, process) as leases:
        key = derive_key(ROOT, "execution")
        desk = SimulatedDesk(world, leases)
        sessions = KnownSessions(pool)
        await keep_comparing(world, pool)
        process.deps = ExecutionDeps(pool, desk, sessions, world.reader, SETTINGS, key, kill_file)
        SimulatedProtector(world, process.deps).begin()
        if (
            world.processes[process.name] is process
        ):  # who was replaced while it began does not get the address back
            world.network.serve(process, served("execution", world.log.note))
        world.log.note("ready", name=process.name, life=process.life)
        await asyncio.Event().wait()


async def conduct(world: World, process: Process) -> None:
    """The orchestrator: alone under its lease, with its store and its connections."""
    pool, network = _pool(world), world.network
    async with leases_of(world, process) as leases:
        fence = await leases.wait_for(LEASE, PATIENCE_S)
        news = News(*(asyncio.Event() for _ in range(4)))
        world.database.notified = {"commands": [news.commands], halting.CHANNEL: [news.halts]}
        news.commands.set()
        news.learned.set()
        store = Store(pool, world.home, UUID(DEFAULT_ORG), fence, news)
        floor = LiveFloor(
            home=world.home,
            store=store,
            servers={name: Wire(network, name) for name in SERVERS},
            agents={name: Wire(network, f"agent-{name}") for name in AGENTS},
            voices=voices(),
            root=ROOT,
            settings=await store.settings(settings_of(world)),
        )
        world.log.note("ready", name=process.name, life=process.life)
        await Conductor(floor, run_spec(world), world.home).run()


def point(world: World, name: str) -> None:
    """A crash point is passed by the process that runs."""
    process = CURRENT.get(None)
    if process is not None and world.crash(name, process):
        process.kill()
        raise Killed
