"""The loop: commands between rounds, a round per session at every bar close, and an end."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from time import monotonic
from typing import Any
from uuid import UUID

import structlog

from orchestrator.bootstrap import LiveFloor
from orchestrator.commands import Commander
from orchestrator.cycle import run_cycle
from orchestrator.desk import Desk
from orchestrator.halts import heed
from orchestrator.heartbeats import Heartbeats
from orchestrator.recovery import Resumed, resume
from orchestrator.sessions import close_session, first_bars, open_session
from orchestrator.ticks import live_ticks, replay_ticks
from wire.config import RunSpec

log = structlog.get_logger()
PROGRESS_S = 0.5


class Conductor:
    """Runs the floor's sessions until the ticks end, the rounds asked for are done, or it is told to stop."""

    def __init__(self, floor: LiveFloor, spec: RunSpec, home: Path) -> None:
        self._floor, self._spec, self._home = floor, spec, home
        self._desks: dict[UUID, Desk] = {}
        self._commander = Commander(floor, self._desks, spec)
        self._heartbeats = Heartbeats(floor.store, tuple(floor.voices))
        self._stop = asyncio.Event()
        self._rounds = 0
        self._shown = 0.0

    def stop_soon(self) -> None:
        """Finish the round in hand, then return from ``run``."""
        self._stop.set()

    async def run(self) -> bool:
        """True when the run came to its own end, False when it was told to stop."""
        await self._floor.ready()
        resumed = await resume(self._floor, self._spec)
        self._desks.update({desk.facts.session_id: desk for desk in resumed.desks})
        await heed(self._floor, ())  # an interrupted round goes on under what is halted now
        self._floor.store.halts_changed.set()
        await self._finish_interrupted(resumed)
        if not self._desks:
            if self._spec.start is not None:
                await self._floor.store.set_clock(self._spec.start, self._spec.market)
            if self._spec.market == "live":
                await first_bars(self._floor, self._spec.symbols)
            for symbol in self._spec.symbols:
                desk = await open_session(self._floor, self._spec, symbol)
                self._desks[desk.facts.session_id] = desk
        self._rounds = await self._floor.store.rounds_done(self._desks)
        await self._floor.store.say("trading_started", "The floor is open", {"market": self._spec.market})
        ended = await self._loop()
        if ended:
            await self._close()
        if self._floor.tape is not None:
            heads = {desk.facts.symbol: desk.head for desk in self._desks.values()}
            self._floor.tape.end(closed=ended, heads=heads)
        return ended

    async def _finish_interrupted(self, resumed: Resumed) -> None:
        for begun in resumed.interrupted:
            desk, as_of = begun.desk, begun.told.as_of
            log.info(
                "round_resumed", session=str(desk.facts.session_id), seq=desk.seq, as_of=as_of.isoformat()
            )
            await run_cycle(self._floor, self._floor.turn(desk, as_of, begun=begun.told))

    async def _loop(self) -> bool:
        ticks = self._ticks()
        if self._floor.tape is not None:
            ticks = self._floor.tape.ticks(ticks, self.stop_soon)
        pending = asyncio.ensure_future(anext(ticks, None))
        stopping = asyncio.ensure_future(self._stop.wait())
        try:
            while not self._enough():
                await heed(self._floor, self._desks.values())
                await self._commander.run_pending()
                waking = asyncio.ensure_future(self._floor.store.command_waiting.wait())
                halting = asyncio.ensure_future(self._floor.store.halts_changed.wait())
                await asyncio.wait({pending, stopping, waking, halting}, return_when=asyncio.FIRST_COMPLETED)
                waking.cancel()
                halting.cancel()
                if stopping.done():
                    return False
                if not pending.done():
                    continue
                as_of = pending.result()
                if as_of is None:
                    return True
                await self._tick(as_of)
                pending = asyncio.ensure_future(anext(ticks, None))
            return True
        finally:
            for task in (pending, stopping):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await pending

    def _ticks(self) -> AsyncIterator[datetime]:
        reached = max((desk.as_of for desk in self._desks.values() if desk.as_of), default=None)
        if self._spec.market == "live":
            ticks = live_ticks(self._spec.timeframe, reached)
            return self._executable(ticks) if self._floor.tape is None else ticks
        start = self._spec.start
        assert start is not None
        return replay_ticks(
            max(start, reached or start), self._spec.end, self._spec.timeframe, self._spec.speed
        )

    async def _executable(self, ticks: AsyncIterator[datetime]) -> AsyncIterator[datetime]:
        """Closes at which orders could be sent: the execution server may have to wait for as long as an exchange bans it.

        A round without it begins nothing and would end this process; halts and commands are heeded meanwhile.
        """
        async for tick in ticks:
            if await self._floor.executes():
                yield tick
            else:
                log.warning("bar_skipped", as_of=tick.isoformat(), why="the execution server does not answer")

    async def _tick(self, as_of: datetime) -> None:
        for left in await self._floor.seat_strategies():
            await self._floor.store.agent_left(left)
        await self._floor.learn()
        for desk in list(self._desks.values()):
            if desk.as_of is None or as_of > desk.as_of:
                await heed(self._floor, self._desks.values())
                record = await run_cycle(self._floor, self._floor.turn(desk, as_of))
                await self._heartbeats.note(record)
                self._show(record.as_of, str(record.equity))
        self._rounds += 1

    def _enough(self) -> bool:
        return self._spec.rounds is not None and self._rounds >= self._spec.rounds

    def _total(self) -> int | None:
        if self._spec.rounds is not None:
            return self._spec.rounds
        if self._spec.start is None or self._spec.end is None:
            return None
        return (
            int(
                (self._spec.end - self._spec.start).total_seconds()
                // self._floor.bar_seconds(self._spec.timeframe)
            )
            + 1
        )

    def _show(self, as_of: datetime, equity: str) -> None:
        if monotonic() - self._shown > PROGRESS_S or not self._shown:
            self._shown = monotonic()
            told = {
                "rounds": self._rounds + 1,
                "total": self._total(),
                "as_of": as_of.isoformat(),
                "equity": equity,
            }
            self._write("progress.json", told)

    async def _close(self) -> None:
        summaries: list[dict[str, Any]] = []
        for desk in self._desks.values():
            summaries.append(await close_session(self._floor, desk, reason="end of run"))
        await self._floor.store.say("trading_stopped", "The run is complete", {})
        self._write("summary.json", {"sessions": summaries})

    def _write(self, name: str, content: dict[str, Any]) -> None:
        path = self._home / "run" / name
        draft = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            draft.write_text(json.dumps(content))
            draft.replace(path)
        except OSError as error:  # a full disk: who looks sees what was before, and rounds go on
            log.warning("not_shown", file=name, error=str(error))
