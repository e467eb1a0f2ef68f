"""The orchestrator's side of the database: chains it appends to, rounds it keeps, commands it answers."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from db import agents, commands, feed, halting, hearing, ledger, rounds, sessions, state
from db.listening import Listening
from db.models import reading, staging
from db.patient import patient
from db.pool import Connection, Row, open_pool, retrying
from db.reads import orders, refusals
from db.records import records
from db.strategies import history, seats
from db.summary import session_summary
from openoutcry.canonical import derived_id
from openoutcry.hedging.execution import HedgeOrder
from openoutcry.learning.learned import LEARNED, Learned
from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.ledger.outcomes import Case, Judging, judging, rebuild
from openoutcry.settings import Settings, changed
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.book import Portfolio
from openoutcry.types.commands import HearAccount
from openoutcry.types.fence import Fence
from openoutcry.types.market import Snapshot
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot
from wire.clock import WallClock

PENDING = "SELECT seq FROM decisions WHERE session_id = $1 AND outcome = 'PENDING' ORDER BY seq"
LEG = "SELECT id FROM orders WHERE session_id = $1 AND leg = $2 AND seq <= $3"
ROUNDS = "SELECT count(*) FROM cycles WHERE session_id = $1 AND kind = 'ROUND'"


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session to go on with: its last record (None if it never wrote one) and the decisions still open."""

    facts: SessionFacts
    head: str
    last: CycleRecord | None
    judging: Judging
    cases: tuple[Case, ...]
    paused: bool


@dataclass(frozen=True, slots=True)
class News:
    """Set when there may be news of each kind."""

    commands: asyncio.Event
    seats: asyncio.Event
    halts: asyncio.Event
    learned: asyncio.Event


MOST_ENDED = 10_000
"""Ended decisions that wait to be reflected on; those that find no room are found at the next start."""


class Store:
    """One per orchestrator. ``command_waiting`` is set when commands may be pending, ``seats_changed`` when the
    registry may seat others than it did, ``halts_changed`` when a kill switch may have been thrown or released,
    ``learned_changed`` when another version of what was learned may be in production. ``ended`` are decisions whose end has
    become known, for whoever reflects on them.
    """

    def __init__(self, pool: asyncpg.Pool, home: Path, org_id: UUID, fence: Fence | None, news: News) -> None:
        self.pool, self._home, self._org, self.fence = pool, home, org_id, fence
        self._heads: dict[UUID, ledger.Head] = {}
        self._clock = WallClock()
        self.ended: deque[UUID] = deque(maxlen=MOST_ENDED)
        self.command_waiting, self.seats_changed, self.halts_changed = news.commands, news.seats, news.halts
        self.learned_changed = news.learned

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, url: str, home: Path, org_id: str, fence: Fence | None = None
    ) -> AsyncIterator["Store"]:
        """Connect and listen for commands. ``fence`` is the orchestrator's lease, under which it writes."""
        async with AsyncExitStack() as stack:
            pool = await open_pool(url, least=2)
            stack.push_async_callback(pool.close)
            listening = await stack.enter_async_context(Listening(url))
            woken = await stack.enter_async_context(listening.on(commands.SUBMITTED))
            seats_changed = await stack.enter_async_context(listening.on(history.CHANNEL))
            halts = await stack.enter_async_context(listening.on(halting.CHANNEL))
            learned = await stack.enter_async_context(listening.on(staging.CHANNEL))
            news = News(woken, seats_changed, halts, learned)
            yield cls(patient(pool), home, UUID(org_id), fence, news)

    # the chain

    async def append(
        self,
        facts: SessionFacts,
        record: CycleRecord,
        timings: dict[str, Any],
        events: tuple[Event, ...] = (),
    ) -> str:
        """Append a record, with messages beside its own; returns its hash."""
        head = self._heads.get(facts.session_id) or await ledger.read_head(self.pool, facts.session_id)
        moved = await ledger.append(
            self.pool,
            record,
            facts,
            head,
            committed_at=self._clock.now(),
            timings=timings,
            events=events,
            home=self._home,
            fence=self.fence,
        )
        self._heads[facts.session_id] = moved
        self.ended.extend(
            derived_id(facts.session_id, "decision", outcome.seq) for outcome in record.outcomes
        )
        return moved.hash

    async def open_round(
        self,
        facts: SessionFacts,
        seq: int,
        as_of: datetime,
        snapshot: Snapshot | None,
        portfolio: Portfolio,
        strategies: tuple[StrategySeat, ...] = (),
        learned: Learned | None = None,
    ) -> tuple[Ballot, ...] | None:
        """Note that a round began; ballots of an interrupted first attempt come back."""
        return await rounds.open_round(
            self.pool, facts, seq, as_of, snapshot, portfolio, strategies, learned, self.fence
        )

    async def save_ballots(self, session_id: UUID, seq: int, ballots: tuple[Ballot, ...]) -> None:
        """Keep ballots before orders follow from them."""
        await rounds.save_ballots(self.pool, session_id, seq, ballots, self.fence)

    async def interrupted_round(self, session_id: UUID, seq: int) -> rounds.Interrupted | None:
        """The round numbered ``seq``, or the record by hand, if it began and did not end."""
        found = await rounds.interrupted(self.pool, session_id)
        return next((one for one in found if one.seq == seq), None)

    # sessions

    async def create_session(self, facts: SessionFacts, run_key: str, settings: Settings) -> None:
        """A new session's row."""
        self._heads[facts.session_id] = await sessions.create(self.pool, facts, run_key, settings, self.fence)

    async def open_sessions(self, run_key: str, settings: Settings) -> list[OpenSession]:
        """The run's sessions that were not stopped."""
        found = []
        for stored, last in await sessions.open_sessions(self.pool, run_key):
            self._heads[stored.facts.session_id] = stored.head
            rule = judging(await self.opening_settings(stored.facts.session_id) or settings)
            cases = await self.open_cases(stored.facts.session_id, rule)
            found.append(
                OpenSession(stored.facts, stored.head.hash, last, rule, cases, stored.status == "PAUSED")
            )
        return found

    async def open_cases(self, session_id: UUID, rule: Judging) -> tuple[Case, ...]:
        """Decisions whose end is not known yet."""
        pending = [row["seq"] for row in await self.pool.fetch(PENDING, session_id)]
        if not pending:
            return ()
        since = [record async for record in records(self.pool, session_id, pending[0])]
        return rebuild(since, rule, frozenset(pending))

    async def opening_settings(self, session_id: UUID) -> Settings | None:
        """The settings a session was opened with."""
        value = await self.pool.fetchval("SELECT config FROM sessions WHERE id = $1", session_id)
        return None if value is None else Settings.model_validate(value)

    async def abandon_session(self, session_id: UUID) -> None:
        """Stop a session that never wrote a record."""
        await sessions.abandon(self.pool, session_id, self.fence)

    async def count_sessions(self) -> int:
        """How many there ever were."""
        return await sessions.count(self.pool)

    async def rounds_done(self, session_ids: Iterable[UUID]) -> int:
        """Rounds of the session that has the most."""
        return max([await self.pool.fetchval(ROUNDS, session_id) for session_id in session_ids], default=0)

    async def find_session(self, session_id: str) -> sessions.StoredSession | None:
        """One session by the text of its id."""
        try:
            return await sessions.find(self.pool, UUID(session_id))
        except ValueError:
            return None

    async def set_paused(self, session_id: UUID, paused: bool) -> None:
        """Note a pause or its end."""
        await sessions.set_paused(self.pool, session_id, paused, self.fence)

    async def summary(self, session_id: UUID) -> dict[str, Any]:
        """A session in figures."""
        return await session_summary(self.pool, session_id)

    async def order_of_leg(self, session_id: UUID, leg: str, head_seq: int) -> UUID | None:
        """The recorded order with this leg."""
        found: UUID | None = await self.pool.fetchval(LEG, session_id, leg, head_seq)
        return found

    async def hedge_orders(self, session_id: UUID, leg: str) -> list[HedgeOrder]:
        """What became of the orders of this leg."""
        return await orders.hedge_orders(self.pool, session_id, leg)

    async def newest_orders(self, session_id: UUID, symbol: str, most: int) -> Sequence[Row]:
        """The newest orders in a symbol that were to be sent, newest first."""
        return await refusals.newest_orders(self.pool, session_id, symbol, most)

    async def untold(self, command: HearAccount) -> bool:
        """Whether no record tells yet of what was noticed at the exchange."""
        noticed = hearing.Noticed(command.client_order_id, command.trade_id)
        return bool(await hearing.untold(self.pool, self._org, [noticed]))

    # the floor

    async def clock(self) -> datetime | None:
        """Market time of the newest round."""
        return await state.clock(self.pool)

    async def set_clock(self, as_of: datetime, source: str) -> None:
        """Market time before the first round."""
        await state.set_clock(self.pool, as_of, source, self.fence)

    async def halts(self) -> dict[str | None, dict[str, Any]]:
        """The halts that hold: by symbol, and under None that of everything."""
        return await halting.standing(self.pool)

    async def tell_halts(self) -> None:
        """Tell the stream of events of halts that whoever threw them could not tell it of."""
        await halting.tell(self.pool, self._org)

    async def swept(self, symbol: str | None, *, flatten: bool) -> None:
        """Note that what a halt wanted cancelled and closed was."""
        await halting.mark_swept(self.pool, symbol, flatten=flatten, fence=self.fence)

    async def throw(self, reason: str, source: halting.Source) -> None:
        """Throw the kill switch."""
        await halting.throw(
            self.pool, self._org, reason=reason, by="orchestrator", source=source, at=self._clock.now()
        )
        self.halts_changed.set()  # heard at once, not when the database says so: a run goes the same way twice

    async def release(self, reason: str, by: str) -> None:
        """Release the kill switch."""
        await halting.release(self.pool, self._org, reason=reason, by=by, at=self._clock.now())
        self.halts_changed.set()

    async def settings(self, base: Settings) -> Settings:
        """The settings with the runtime changes in force."""
        updates = await state.config_updates(self.pool)
        return changed(base, updates) if updates else base

    async def add_config(self, updates: dict[str, Any]) -> None:
        """Put runtime changes in force for every process."""
        await state.add_config_updates(self.pool, updates, self.fence)

    # the registry

    async def strategy_seats(self) -> tuple[StrategySeat, ...]:
        """The strategies that have a seat."""
        return await retrying(self.pool, lambda connection: seats.seats(connection, self._org), begin=False)

    async def learned(self, known: Learned | None) -> Learned | None:
        """The version of what was learned of the voices that is in production; ``known`` when it is that one."""

        async def work(connection: Connection) -> Learned | None:
            found = await reading.in_production(connection, self._org, LEARNED)
            if found is None or (known is not None and known.version == found.version):
                return None if found is None else known
            body = await reading.artefact(connection, found.id)
            return Learned.model_validate({**body, "version": found.version})

        return await retrying(self.pool, work, begin=False)

    async def publish_roster(self, names: Collection[str]) -> None:
        """Tell the registry which names the floor's own agents have."""
        await seats.set_roster(self.pool, names)

    # people

    async def pending_commands(self) -> list[commands.Pending]:
        """The queue of this floor's org."""
        return await commands.pending(self.pool, self._org, self.fence)

    async def finish_command(self, command_id: UUID, state: commands.Ended, result: dict[str, Any]) -> None:
        """Answer a command."""
        await commands.finish(self.pool, command_id, state, result, self.fence)

    async def say(self, status: str, message: str, metadata: dict[str, Any]) -> None:
        """A ``system_status`` event for WebSocket clients."""
        data = {"status": status, "message": message, "metadata": metadata}
        await self._event(Event("system_status", data, self._clock.now()))

    async def agent_seen(self, name: str, *, ok: bool, metadata: dict[str, Any]) -> None:
        """An agent's heartbeat; a change of its status is an ``agent_status`` event."""
        status: agents.AgentStatus = "active" if ok else "error"
        row = await agents.heartbeat(self.pool, self._org, name, status, metadata)
        if row["before"] != status:
            data = {
                "name": name,
                "status": status,
                "last_seen_at": row["last_seen_at"].isoformat().replace("+00:00", "Z"),
                "is_healthy": ok,
                "metadata": row["metadata"],
            }
            await self._event(Event("agent_status", data, self._clock.now()))

    async def agent_left(self, name: str) -> None:
        """An agent that gave its seat up."""
        await agents.leave(self.pool, self._org, name)

    async def _event(self, event: Event) -> None:
        async def work(connection: Connection) -> None:
            await feed.append_events(connection, self._org, (event,))

        await retrying(self.pool, work)

    def order_id(self, session_id: UUID, seq: int, leg: str) -> UUID:
        """Row id of an order."""
        return derived_id(session_id, "order", seq, leg)
