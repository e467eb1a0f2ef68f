"""The composition root: what stands behind a round on a real floor."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from agents.entry import opened as agent_opened
from agents.host import NAME as HOST
from agents.registry import discover
from agents.replay import recast as cast_again
from agents.strategist import strategist
from db.rounds import Interrupted
from mcp_servers.entry import opener as server_opener
from openoutcry.canonical import derived_id, digest
from openoutcry.errors import DataUnavailable, NotAuthorised, ReplayDiverged, ToolFailed
from openoutcry.learning.learned import LEARNED, Learned
from openoutcry.orders import client_order_id, order_hash
from openoutcry.settings import Settings
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.book import Portfolio
from openoutcry.types.market import DataFault, Snapshot
from openoutcry.types.orders import Approval, Bracket, OrderRequest
from openoutcry.types.record import CycleRecord
from openoutcry.types.timeframes import bar_length
from openoutcry.types.votes import Abstain, Ballot
from openoutcry.voting.seats import Seat
from orchestrator.breaker import refused, tripped
from orchestrator.broker import McpBroker
from orchestrator.debate import debated
from orchestrator.desk import Desk
from orchestrator.look import Seen, Subject, look
from orchestrator.poll import Askable, Polled, poll
from orchestrator.replay import Recast
from orchestrator.seating import StrategyVoice, apart, at_table, seats_of
from orchestrator.seating import told as tell_seats
from orchestrator.store import Store
from orchestrator.taping import RunTape
from orchestrator.troubles import faults_of, troubles
from orchestrator.turn import Turn
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, ProcessConfig
from wire.connect import Connection
from wire.strategies import load_trading_defaults
from wire.tokens import OPTIONAL_SERVERS, SERVERS, RoundClaims, derive_key, sign_approval, sign_round

AGENT = "agent-"
READY_S = 30.0
EXECUTES_S = 5.0
log = structlog.get_logger()


@dataclass
class LiveFloor:
    """The floor behind real rounds: MCP connections, the database, keys, and what may change at runtime."""

    home: Path
    store: Store
    servers: Mapping[str, Askable]
    agents: Mapping[str, Askable]
    voices: Sequence[Seat]
    root: bytes
    settings: Settings
    host: Askable | None = None
    strategies: tuple[StrategySeat, ...] = ()
    learned: Learned | None = None
    org_id: str = DEFAULT_ORG
    halted: str | None = None
    restricted: tuple[str, ...] = ()
    clock: WallClock = field(default_factory=WallClock)
    tape: RunTape | None = None
    _digest: tuple[Settings, str] | None = None
    _faults: dict[UUID, frozenset[DataFault]] = field(default_factory=dict)

    @property
    def config_digest(self) -> str:
        """Digest of the settings in force."""
        if self._digest is None or self._digest[0] is not self.settings:
            self._digest = (self.settings, digest(self.settings))
        return self._digest[1]

    async def seat_strategies(self) -> tuple[str, ...]:
        """Look again who of the registry has a seat, if that may have changed; returns the agents that have left.

        A strategy whose name an agent of the floor has is not seated: the registry refuses it, but files may come later.
        """
        if self.host is None or not self.store.seats_changed.is_set():
            return ()
        self.store.seats_changed.clear()
        found, refused = apart(await self.store.strategy_seats(), roster())
        for seat in refused:
            log.error("strategy_not_seated", strategy=seat.name, reason=f"an agent is named {seat.agent}")
        before = {seat.agent for seat in self.strategies}
        now = {seat.agent: seat for seat in found}
        self.strategies = found
        for agent in sorted(now.keys() - before):
            log.info("strategy_seated", agent=agent, version=now[agent].version, weight=now[agent].weight)
        return tuple(sorted(before - now.keys()))

    async def learn(self) -> None:
        """Look again which version of what was learned of the voices is in production, if that may have changed."""
        if not self.store.learned_changed.is_set():
            return
        self.store.learned_changed.clear()
        found = await self.store.learned(self.learned)
        if found != self.learned:
            self.learned = found
            log.info("voices_learned", version=None if found is None else found.version)

    def turn(
        self,
        desk: Desk,
        as_of: datetime,
        detail: Mapping[str, Any] | None = None,
        *,
        begun: Interrupted | None = None,
    ) -> Turn:
        """The desk's next round. ``detail`` is what its record tells beside itself; a round that had ``begun`` before goes
        on with the strategies and the learning it had then.
        """
        facts = desk.facts
        table = at_table(self.strategies, facts.symbol) if begun is None else begun.strategies
        learned = self.learned if begun is None else begun.learned
        claims = RoundClaims(
            session_id=str(facts.session_id),
            org_id=self.org_id,
            seq=desk.seq,
            as_of=as_of,
            source=facts.source,
            timeframe=facts.timeframe,
            symbols=tuple(s for s in (facts.symbol, facts.hedge_symbol) if s),
            fence=self.store.fence,
        )
        audiences = (*SERVERS, *OPTIONAL_SERVERS)
        token = sign_round({name: derive_key(self.root, name) for name in audiences}, claims)
        halt: dict[str, Any] = {"halted": self.halted} if self.halted else {}
        if self.restricted:
            halt["restricted"] = list(self.restricted)
        told = {**(detail or {}), **halt, **tell_seats(table, desk.seated)}
        if learned is not None:
            told[LEARNED] = learned.model_dump(mode="json")
        if desk.config_digest and desk.config_digest != self.config_digest:
            told["settings"] = self.settings.model_dump(
                mode="json"
            )  # changed at runtime: the record says to what
        seats = (*self.voices, *seats_of(table))
        if learned is not None:
            seats = learned.weighed(seats)
        return Turn(
            desk=desk,
            seq=desk.seq,
            as_of=as_of,
            token=token,
            settings=self.settings,
            config_digest=self.config_digest,
            halted=self.halted,
            detail=told,
            seats=seats,
            strategies=table,
            restricted=self.restricted,
            learned=learned,
        )

    async def look(self, turn: Turn) -> Seen:
        """Snapshot and features over MCP."""
        facts = turn.desk.facts
        subject = Subject(facts.symbol, facts.hedge_symbol, facts.timeframe, facts.source)
        return await look(
            self.servers["market"],
            self.servers["indicators"],
            subject,
            seq=turn.seq,
            as_of=turn.as_of,
            round_token=turn.token,
        )

    def broker(self, turn: Turn) -> McpBroker:
        """The execution server, for this round."""
        return McpBroker(
            self.servers["execution"],
            seq=turn.seq,
            cursor=turn.desk.cursor,
            round_token=turn.token,
            doubted=turn.desk.doubted(),
        )

    async def ask(self, turn: Turn, snapshot: Snapshot) -> Polled:
        """Every agent and every strategy at the table, at once, over MCP."""
        asked = dict(self.agents)
        if self.host is not None:
            asked |= {seat.agent: StrategyVoice(self.host, seat) for seat in turn.strategies}
        first = await poll(asked, snapshot, turn.token, turn.settings.voting.deadline_s)
        return await debated(asked, first, turn, snapshot)

    def approve(
        self, turn: Turn, request: OrderRequest, *, reduces: bool, bracket: Bracket | None = None
    ) -> Approval:
        """A signed approval of one order, good for two bars: what was known before is no word on the market of now."""
        session = turn.desk.facts.session_id
        approval = Approval(
            approval_id=str(derived_id(session, "approval", turn.seq, request.leg)),
            client_order_id=client_order_id(session, turn.seq, request.leg),
            order_hash=order_hash(request),
            session_id=str(session),
            seq=turn.seq,
            expires_at=turn.as_of + 2 * bar_length(turn.desk.facts.timeframe),
            reduces=reduces,
            bracket=bracket,
            mac="",
        )
        return sign_approval(derive_key(self.root, "execution"), approval)

    async def opened(
        self, turn: Turn, snapshot: Snapshot | None, portfolio: Portfolio
    ) -> tuple[Ballot, ...] | None:
        """Note the round in the database, where the risk server reads its portfolio."""
        return await self.store.open_round(
            turn.desk.facts, turn.seq, turn.as_of, snapshot, portfolio, turn.strategies, turn.learned
        )

    async def cast(self, turn: Turn, ballots: tuple[Ballot, ...]) -> None:
        """Keep the ballots before orders follow from them."""
        await self.store.save_ballots(turn.desk.facts.session_id, turn.seq, ballots)

    async def commit(self, turn: Turn, record: CycleRecord, timings: dict[str, Any]) -> str:
        """Append to the ledger, and let clients hear of trouble with it."""
        facts = turn.desk.facts
        known = self._faults.get(facts.session_id, frozenset())
        self._faults[facts.session_id] = faults_of(record)
        latches = turn.desk.latched
        hash_ = await self.store.append(facts, record, timings, troubles(record, facts, known))
        await tripped(self.store, latches, record, turn.settings)
        await refused(self.store, facts, record, turn.settings)
        return hash_

    async def ready(self) -> None:
        """Wait until every server and agent answers, a bounded time: who is missing then is missed in the rounds."""
        host = (self.host,) if self.host is not None else ()
        peers = (*self.servers.values(), *self.agents.values(), *host)
        await asyncio.gather(*(_answers(peer, READY_S) for peer in peers))

    async def executes(self) -> bool:
        """Whether the execution server answers, soon enough for a round: one that starts again does."""
        return await _answers(self.servers["execution"], EXECUTES_S)

    async def now(self) -> datetime:
        """Market time: that of the newest round, the wall's before the first."""

        async def read() -> datetime:
            return await self.store.clock() or self.clock.now()

        return await self._read(read)

    async def asked_at(self, turn: Turn) -> datetime:
        """Market time of what a person asks for between rounds: the wall's on a live market, where bars may be hours apart."""

        async def read() -> datetime:
            return self.clock.now()

        live = turn.desk.facts.source == "live"
        return max(turn.as_of, await self._read(read)) if live else turn.as_of

    async def _read(self, read: Callable[[], Awaitable[datetime]]) -> datetime:
        return await (read() if self.tape is None else self.tape.reading(read))

    async def listed_symbols(self) -> frozenset[str]:
        """Symbols the market server knows; empty when it cannot say."""
        found: set[str] = set()
        cursor: str | None = None
        try:
            while True:
                asked = {} if cursor is None else {"cursor": cursor}
                answer = await self.servers["market"].call("list_symbols", asked, timeout_s=10.0)
                found.update(item["symbol"] for item in answer["symbols"])
                if (cursor := answer["next_cursor"]) is None:
                    return frozenset(found)
        except (ToolFailed, DataUnavailable):
            return frozenset()

    def bar_seconds(self, timeframe: str) -> float:
        """Length of a bar."""
        return bar_length(timeframe).total_seconds()


async def _answers(peer: Askable, within_s: float) -> bool:
    deadline = monotonic() + within_s
    while monotonic() < deadline:
        try:
            await peer.list_tools()
        except (ToolFailed, NotAuthorised, TimeoutError, OSError) as error:
            log.info("waiting_for", peer=repr(peer), error=str(error))
            await asyncio.sleep(0.2)
        else:
            return True
    return False


def seats(settings: Settings, names: Iterable[str]) -> tuple[Seat, ...]:
    """The seats of the agents named: declared voice, configured weight."""
    present = frozenset(names)
    return tuple(seat for seat in discover().seats(settings) if seat.agent in present)


@cache
def roster() -> frozenset[str]:
    """The names of the agents installed, enabled or not."""
    return frozenset(discover().agents)


def recasting(strategies: Iterable[StrategySeat], home: Path) -> Recast:
    """How a recorded round's ballots are cast again: by the installed agents, and by the strategies as they were then.

    An abstention of an agent that is gone stands. ``home`` has the trading defaults, should a definition lack some.
    """
    defaults = load_trading_defaults(home)
    ours = {seat.agent: strategist(seat, defaults) for seat in strategies}

    async def recast(snapshot: Snapshot, ballot: Ballot) -> Ballot:
        if isinstance(ballot.answer, Abstain):
            return ballot
        agent = ours.get(ballot.agent) or discover().agents.get(ballot.agent)
        if agent is None:
            raise ReplayDiverged(f"ballots.{ballot.agent}: no such agent is installed")
        return await cast_again(agent, snapshot, ballot)

    return recast


@contextlib.asynccontextmanager
async def in_memory(
    configs: Mapping[str, ProcessConfig],
) -> AsyncIterator[tuple[dict[str, Connection], dict[str, Connection]]]:
    """Servers and agents of ``configs`` (by process name) in this process, over the SDK's in-memory transport.

    The same code as on a real floor, without HTTP: for replays, benchmarks and tests.
    """
    async with contextlib.AsyncExitStack() as stack:
        servers: dict[str, Connection] = {}
        for name in (*SERVERS, *(optional for optional in OPTIONAL_SERVERS if optional in configs)):
            hosted = await stack.enter_async_context(server_opener(name)(configs[name], None))
            servers[name] = Connection(name, hosted)
            stack.push_async_callback(servers[name].close)
        agents: dict[str, Connection] = {}
        for name in sorted(key for key in configs if key.startswith(AGENT)):
            voice = await stack.enter_async_context(agent_opened(configs[name], None, servers=servers))
            agents[name.removeprefix(AGENT)] = Connection(name, voice)
            stack.push_async_callback(agents[name.removeprefix(AGENT)].close)
        yield servers, agents


def connections(
    config: ProcessConfig,
) -> tuple[dict[str, Connection], dict[str, Connection], Connection]:
    """Connections to the servers and to the agents, by name, and to the strategies' host."""
    every = {name: Connection(name, url, config.tokens.get(name)) for name, url in config.endpoints.items()}
    servers = {name: every[name] for name in SERVERS}
    agents = {name.removeprefix(AGENT): peer for name, peer in every.items() if name.startswith(AGENT)}
    return servers, agents, every[HOST]
