"""A stand-in for the orchestrator: takes commands off the queue and answers as it would, through the real ledger."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from db import commands, halting, sessions, state
from openoutcry.errors import BadConfig
from openoutcry.ledger.announce import Event
from openoutcry.ledger.traded import order_id
from openoutcry.orders import order_hash
from openoutcry.settings import changed
from openoutcry.types import commands as c
from openoutcry.types.orders import Approved, Fill, OrderRequest, PlannedOrder
from orchestrator.again import replay_stored
from tests.db.conftest import Writer
from tests.factories import ORG, SETTINGS

NOW = datetime(2025, 1, 15, 10, tzinfo=UTC)


class Refusal(Exception):
    """A command that cannot be done."""

    def __init__(self, error: str, code: str, status: int, field: str | None = None) -> None:
        super().__init__(error)
        self.body = {"error": error, "code": code, "status": status, "field": field}


class StandIn:
    """Market orders fill, limit orders rest, orders larger than one unit are refused by the gate."""

    def __init__(self, pool, writer: Writer) -> None:
        self.pool, self.writer, self.session = pool, writer, writer.session
        self.stopped: set[str] = set()
        self.legs: dict[UUID, tuple[int, str]] = {}
        self.executed: list[c.Command] = []
        self.asleep = False
        self.home = TemporaryDirectory()

    async def run(self) -> None:
        """Answer until cancelled."""
        while True:
            for pending in [] if self.asleep else await commands.pending(self.pool, ORG):
                self.executed.append(pending.command)
                try:
                    done, result = "DONE", await self.execute(pending.number, pending.command)
                except Refusal as refusal:
                    done, result = "FAILED", refusal.body
                await commands.finish(self.pool, pending.id, done, result)
            halts = {} if self.asleep else await halting.standing(self.pool)
            for symbol, halt in halts.items():
                if not halt["swept"]:
                    await halting.mark_swept(self.pool, symbol, flatten=halt["flatten"])
            await asyncio.sleep(0.01)

    async def execute(self, number: int, command: c.Command) -> dict:
        match command:
            case c.PlaceOrder():
                return await self.place(number, command)
            case c.CancelOrder():
                return await self.cancel(UUID(command.order_id))
            case c.StartSession():
                return self.start(command)
            case c.StopSession():
                return self.stop(command)
            case c.PauseSession() | c.ResumeSession():
                self.known(command.session_id)
                await sessions.set_paused(
                    self.pool, self.writer.facts.session_id, command.kind == "pause_session"
                )
                return {"session_id": command.session_id, "symbol": "BTC/USDT"}
            case c.RunRound():
                self.known(command.session_id)
                await self.writer.write(self.session.round())
                return {"session_id": command.session_id, "ran": True}
            case c.HearAccount():
                return {"session_id": command.session_id, "seq": None}
            case c.ExecuteHedges() | c.CloseHedges():
                return {
                    "status": "completed",
                    "executed_trades": [],
                    "message": "No hedge adjustments needed",
                }
            case c.ResetBreaker():
                return {"reset": [], "released": False}
            case c.ReplayRound():
                home = Path(self.home.name)
                done = await replay_stored(self.pool, home, UUID(command.session_id), command.seq)
                return done.model_dump(mode="json")
            case c.ChangeConfig():
                return await self.change(command.updates)
        raise AssertionError(command)

    async def place(self, number: int, command: c.PlaceOrder) -> dict:
        if command.symbol not in ("BTC/USDT", "BTC/USDT:USDT"):
            raise Refusal(f"symbol: no running session trades {command.symbol}", "NO_SESSION", 400, "symbol")
        leg, seq = f"manual-{number}", self.session.seq
        guards = {"stop_loss", "take_profit", "trailing_stop"}
        wanted = command.model_dump(exclude={"kind", "session_id", *guards})
        request = OrderRequest(leg=leg, reason="manual order", **wanted)
        fills: tuple[Fill, ...] = ()
        verdict = Approved(order_hash=order_hash(request))
        if command.quantity > 1:
            planned = PlannedOrder(request=request, verdict=self.session._refusal())
        elif command.type == "LIMIT":
            planned = PlannedOrder(
                request=request, verdict=verdict, state=self.session._state(request, "NEW", seq)
            )
        else:
            planned = PlannedOrder(
                request=request, verdict=verdict, state=self.session._state(request, "FILLED", seq)
            )
            fills = (self.session._fill(request),)
        record = self.session._write(
            "MANUAL", snapshot=self.session._snapshot(), orders=(planned,), fills=fills
        )
        await self.writer.write(record)
        made = order_id(self.writer.facts, seq, leg)
        self.legs[made] = (seq, leg)
        return {"order_id": str(made)}

    async def cancel(self, order: UUID) -> dict:
        key = self.legs.get(order)
        if key is None or key not in self.session.working:
            raise Refusal("order cannot be cancelled: it is final", "ORDER_FINAL", 400, "id")
        working = self.session.working.pop(key)
        gone = working.state.model_copy(update={"status": "CANCELED", "updated_at": self.session.as_of})
        await self.writer.write(self.session._write("MANUAL", order_updates=(gone,)))
        return {"order_id": str(order)}

    def start(self, command: c.StartSession) -> dict:
        if command.mode == "LIVE":
            raise Refusal("mode: LIVE trading is not enabled on this floor", "LIVE_DISABLED", 400, "mode")
        return {
            "session_id": str(UUID(int=99)),
            "symbol": command.symbol,
            "mode": command.mode,
            "started_at": NOW.isoformat(),
        }

    def stop(self, command: c.StopSession) -> dict:
        self.known(command.session_id)
        if command.session_id in self.stopped:
            raise Refusal("session is already stopped", "ALREADY_STOPPED", 409, "session_id")
        self.stopped.add(command.session_id)
        ledger = Decimal("10123.45")
        given = ledger if command.final_capital is None else command.final_capital
        return {
            "session_id": command.session_id,
            "final_capital": str(given),
            "ledger_final_capital": str(ledger),
            "total_pnl": "123.45",
            "total_trades": 15,
            "stopped_at": NOW.isoformat(),
        }

    def known(self, session_id: str) -> None:
        if session_id != str(self.writer.facts.session_id):
            raise Refusal("session not found", "NOT_FOUND", 404, "session_id")

    async def change(self, updates: dict) -> dict:
        try:
            changed(SETTINGS, updates)
        except BadConfig as error:
            raise Refusal(str(error), "BAD_CONFIG", 400, error.field) from error
        await state.add_config_updates(self.pool, updates)
        return {"updates": updates}


def floor_event(status: str = "trading_started") -> Event:
    """What the orchestrator says of itself."""
    data = {"status": status, "message": "Trading session started", "metadata": {"symbol": "BTC/USDT"}}
    return Event("system_status", data, NOW)
