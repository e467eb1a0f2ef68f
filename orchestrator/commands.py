"""Commands from the API, executed between rounds. Each ends in a result a person can read, done or failed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import structlog

from db.commands import Ended, Pending
from openoutcry.errors import BadConfig, BadInput, DataUnavailable, OpenOutcryError
from openoutcry.settings import changed
from openoutcry.types import commands as c
from openoutcry.types.amounts import plain
from openoutcry.types.symbols import canonical
from openoutcry.types.timeframes import last_close
from orchestrator.again import replay_stored
from orchestrator.bootstrap import LiveFloor
from orchestrator.cycle import run_cycle
from orchestrator.desk import Desk
from orchestrator.hedges import close_hedges, execute_hedges
from orchestrator.late import begun, late, too_late
from orchestrator.manual import cancel_order, flatten, hear_account, place_order
from orchestrator.resetting import reset_breaker
from orchestrator.sessions import close_session, open_session
from orchestrator.ticks import LIVE_GRACE
from wire.config import RunSpec

log = structlog.get_logger()
EXPIRED = "COMMAND_EXPIRED"


class CommandFailed(OpenOutcryError):
    """A command cannot be done; ``status`` is the HTTP status that says so."""

    def __init__(self, message: str, *, code: str, status: int, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.status, self.field = code, status, field


class Commander:
    """Executes pending commands in the order they came."""

    def __init__(self, floor: LiveFloor, desks: dict[UUID, Desk], spec: RunSpec) -> None:
        self._floor, self._desks, self._spec = floor, desks, spec

    async def run_pending(self) -> None:
        """Execute what is pending. A failing command is answered and never stops the floor."""
        if not self._floor.store.command_waiting.is_set():
            return
        self._floor.store.command_waiting.clear()
        for pending in await self._floor.store.pending_commands():
            try:
                result = await self._carry_out(pending)
                await self._floor.store.finish_command(pending.id, "DONE", result)
            except CommandFailed as error:
                state: Ended = "EXPIRED" if error.code == EXPIRED else "FAILED"
                await self._floor.store.finish_command(
                    pending.id, state, _told(error, error.status, error.field)
                )
            except BadInput as error:
                await self._floor.store.finish_command(pending.id, "FAILED", _told(error, 400, error.field))
            except DataUnavailable as error:
                await self._floor.store.finish_command(pending.id, "FAILED", _told(error, 503))

    async def _carry_out(self, pending: Pending) -> dict[str, Any]:
        """Execute a command in time; of one that comes too late, tell what an earlier life had begun. Raises CommandFailed."""
        command, by, desks = pending.command, pending.requested_by, tuple(self._desks.values())
        if not late(pending, self._floor.clock.now()):
            return await self._execute(pending.number, command, by, desks)
        had_begun = await begun(self._floor, desks, pending)
        if had_begun:
            return await self._execute(pending.number, command, by, had_begun)
        meta = {"command_id": str(pending.id), "kind": command.kind, "by": by}
        await self._floor.store.say("command_expired", too_late(pending), meta)
        raise CommandFailed(too_late(pending), code=EXPIRED, status=409)

    async def _execute(
        self, number: int, command: c.Command, by: str, desks: tuple[Desk, ...]
    ) -> dict[str, Any]:
        log.info("command", kind=command.kind, number=number)
        match command:
            case c.PlaceOrder():
                desk = self._desk_for(command.symbol, command.session_id)
                return await place_order(self._floor, desk, command, number)
            case c.CancelOrder():
                return await self._cancel(command)
            case c.ExecuteHedges():
                return await execute_hedges(
                    self._floor, self._asked(command.session_id, desks), command, number
                )
            case c.CloseHedges():
                return await close_hedges(
                    self._floor, self._asked(command.session_id, desks), command, number
                )
            case c.StartSession():
                return await self._start(command)
            case c.StopSession():
                return await self._stop(command)
            case c.PauseSession() | c.ResumeSession():
                return await self._pause(command)
            case c.RunRound():
                return await self._round(command)
            case c.HearAccount():
                return await hear_account(self._floor, self._desk(command.session_id), command, number)
            case c.ResetBreaker():
                return await reset_breaker(
                    self._floor, self._asked(command.session_id, desks), command.reason, by
                )
            case c.ReplayRound():
                pool, home = self._floor.store.pool, self._floor.home
                done = await replay_stored(pool, home, UUID(command.session_id), command.seq)
                return done.model_dump(mode="json")
            case c.ChangeConfig():
                return await self._change(command.updates)

    def _desk(self, session_id: str) -> Desk:
        try:
            return self._desks[UUID(session_id)]
        except (KeyError, ValueError) as error:
            raise CommandFailed(
                "session not found", code="NOT_FOUND", status=404, field="session_id"
            ) from error

    def _asked(self, session_id: str | None, desks: tuple[Desk, ...]) -> tuple[Desk, ...]:
        """The session named, else all of ``desks``."""
        return desks if session_id is None else (self._desk(session_id),)

    def _desk_for(self, symbol: str, session_id: str | None) -> Desk:
        name = canonical(symbol)
        if session_id is not None:
            desk = self._desk(session_id)
            if name not in (desk.facts.symbol, desk.facts.hedge_symbol):
                raise CommandFailed(
                    f"symbol: {name} is not traded in this session",
                    code="BAD_SYMBOL",
                    status=400,
                    field="symbol",
                )
            return desk
        for desk in self._desks.values():
            if name in (desk.facts.symbol, desk.facts.hedge_symbol):
                return desk
        raise CommandFailed(
            f"symbol: no running session trades {name}", code="NO_SESSION", status=400, field="symbol"
        )

    async def _cancel(self, command: c.CancelOrder) -> dict[str, Any]:
        for desk in self._desks.values():
            for seq, leg in desk.working:
                if str(self._floor.store.order_id(desk.facts.session_id, seq, leg)) == command.order_id:
                    await cancel_order(self._floor, desk, seq, leg)
                    return {"order_id": command.order_id}
        raise CommandFailed(
            "order cannot be cancelled: it is final", code="ORDER_FINAL", status=400, field="id"
        )

    async def _start(self, command: c.StartSession) -> dict[str, Any]:
        if command.mode == "LIVE" and not self._spec.live:
            raise CommandFailed(
                "mode: LIVE trading is not enabled on this floor",
                code="LIVE_DISABLED",
                status=400,
                field="mode",
            )
        desk = await open_session(
            self._floor, self._spec, canonical(command.symbol), command.initial_capital, mode=command.mode
        )
        self._desks[desk.facts.session_id] = desk
        session_id = str(desk.facts.session_id)
        meta = {"session_id": session_id, "symbol": desk.facts.symbol, "mode": desk.facts.mode}
        await self._floor.store.say("trading_started", "Trading session started", meta)
        stored = await self._floor.store.find_session(session_id)
        return {**meta, "started_at": stored.started_at.isoformat() if stored else None}

    async def _stop(self, command: c.StopSession) -> dict[str, Any]:
        stored = await self._floor.store.find_session(command.session_id)
        if stored is not None and stored.status == "STOPPED":
            raise CommandFailed(
                "session is already stopped", code="ALREADY_STOPPED", status=409, field="session_id"
            )
        desk = self._desk(command.session_id)
        await flatten(self._floor, desk, "session stopped")
        given = (
            {} if command.final_capital is None else {"reported_final_capital": plain(command.final_capital)}
        )
        summary = await close_session(self._floor, desk, reason="stopped by command", detail=given)
        del self._desks[desk.facts.session_id]
        await self._floor.store.say(
            "trading_stopped", "Trading session stopped", {"session_id": command.session_id}
        )
        ended = await self._floor.store.find_session(command.session_id)
        return {
            "session_id": command.session_id,
            "final_capital": summary["final_equity"]
            if command.final_capital is None
            else plain(command.final_capital),
            "ledger_final_capital": summary["final_equity"],
            "total_pnl": summary["pnl"],
            "total_trades": summary["trades"],
            "stopped_at": ended.stopped_at.isoformat() if ended and ended.stopped_at else None,
        }

    async def _pause(self, command: c.PauseSession | c.ResumeSession) -> dict[str, Any]:
        desk = self._desk(command.session_id)
        desk.paused = command.kind == "pause_session"
        await self._floor.store.set_paused(desk.facts.session_id, desk.paused)
        word = "trading_paused" if desk.paused else "trading_resumed"
        await self._floor.store.say(
            word, word.replace("_", " ").capitalize(), {"session_id": command.session_id}
        )
        return {"session_id": command.session_id, "symbol": desk.facts.symbol}

    async def _round(self, command: c.RunRound) -> dict[str, Any]:
        """The round the session would have had, had it been open when the newest bar closed."""
        desk = self._desk(command.session_id)
        timeframe = desk.facts.timeframe
        if desk.facts.source == "live":
            as_of = last_close(self._floor.clock.now() - LIVE_GRACE, timeframe)
        else:
            as_of = last_close(await self._floor.now(), timeframe)
        if desk.as_of is not None and as_of <= desk.as_of:
            return {"session_id": command.session_id, "as_of": desk.as_of.isoformat(), "ran": False}
        for left in await self._floor.seat_strategies():
            await self._floor.store.agent_left(left)
        record = await run_cycle(self._floor, self._floor.turn(desk, as_of))
        return {
            "session_id": command.session_id, "as_of": as_of.isoformat(), "ran": True, "seq": record.seq,
        }  # fmt: skip

    async def _change(self, updates: Mapping[str, Any]) -> dict[str, Any]:
        if str(updates.get("trading_mode", "paper")).lower() == "live":
            raise CommandFailed(
                "trading_mode: live is not enabled on this floor",
                code="LIVE_DISABLED",
                status=400,
                field="trading_mode",
            )
        try:
            self._floor.settings = changed(self._floor.settings, updates)
        except BadConfig as error:
            raise CommandFailed(str(error), code=error.code, status=400, field=error.field) from error
        await self._floor.store.add_config(dict(updates))
        return {"updates": dict(updates)}


def _told(error: OpenOutcryError, status: int, field: str | None = None) -> dict[str, Any]:
    return {"error": str(error), "code": error.code, "status": status, "field": field}
