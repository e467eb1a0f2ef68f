"""``/api/v1/trade``: start, stop, pause, resume a session; halt and unhalt the floor."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from litestar import get, post

from api.amounts import Number
from api.bodies import Body, read_body
from api.commands import build, carry_out
from api.encoding import Answer
from api.failures import invalid_body
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.params import read_session
from api.requests import AnyRequest
from api.shapes.base import Shape, converted
from db import state
from openoutcry.types.commands import Halt, PauseSession, ResumeSession, StartSession, StopSession, Unhalt
from openoutcry.types.symbols import canonical

MODES = ("PAPER", "LIVE")


class StartTrading(Body, frozen=True, kw_only=True):
    """A new trading session; ``mode`` in any case, PAPER when left out."""

    symbol: str
    initial_capital: Number
    mode: str = "PAPER"


class StopTrading(Body, frozen=True, kw_only=True):
    """End a session. ``final_capital`` is your own figure (zero is legal); the ledger's is given beside it."""

    session_id: str
    final_capital: Number


class WhichSession(Body, frozen=True, kw_only=True):
    """Names one session."""

    session_id: str


class HaltTrading(Body, frozen=True, kw_only=True):
    """The kill switch. ``flatten`` also closes every position."""

    reason: str
    flatten: bool = False


class NoFields(Body, frozen=True, kw_only=True):
    """An empty body."""


class Started(Shape, frozen=True, kw_only=True):
    """A session has begun."""

    message: str
    session_id: UUID
    symbol: str
    mode: Literal["PAPER", "LIVE"]
    started_at: datetime


class Stopped(Shape, frozen=True, kw_only=True):
    """A session has ended. ``ledger_final_capital`` is what the books say, whatever the caller said."""

    message: str
    session_id: UUID
    final_capital: Decimal
    ledger_final_capital: Decimal
    total_pnl: Decimal
    total_trades: int
    stopped_at: datetime


class Paused(Shape, frozen=True, kw_only=True):
    """A session holds still, or goes on."""

    message: str
    session_id: UUID
    symbol: str
    note: str


class HaltState(Shape, frozen=True, kw_only=True):
    """Whether the kill switch is thrown, why and since when."""

    halted: bool
    reason: str | None = None
    since: datetime | None = None
    message: str = ""


@post(
    "/api/v1/trade/start",
    tags=["trade"],
    role="trader",
    status_code=200,
    body=StartTrading,
    idempotent=True,
    example={"symbol": "BTC/USDT", "initial_capital": 10000.0, "mode": "PAPER"},
)
async def start(request: AnyRequest, floor: TheFloor) -> Answer[Started]:
    """Start a new trading session."""
    wanted = await read_body(request, StartTrading)
    if wanted.initial_capital <= 0:
        raise invalid_body("initial_capital must be greater than zero", "initial_capital")
    mode = wanted.mode.upper()
    if mode not in MODES:
        raise invalid_body(f"mode: {wanted.mode!r} must be one of {', '.join(MODES)}", "mode")
    command = build(
        StartSession,
        {"symbol": canonical(wanted.symbol), "initial_capital": wanted.initial_capital, "mode": mode},
    )

    async def begin(key: str | None) -> Started:
        result = await carry_out(request, floor, command, key)
        return converted(result, Started, message="Trading started successfully")

    return await once(request, floor, command, begin)


@post(
    "/api/v1/trade/stop",
    tags=["trade"],
    role="trader",
    status_code=200,
    body=StopTrading,
    idempotent=True,
    example={"session_id": "123e4567-e89b-12d3-a456-426614174000", "final_capital": 10500.0},
)
async def stop(request: AnyRequest, floor: TheFloor) -> Answer[Stopped]:
    """Close every position, stop the session, and report what the books say."""
    wanted = await read_body(request, StopTrading)
    if wanted.final_capital < 0:
        raise invalid_body("final_capital must not be negative", "final_capital")
    command = build(
        StopSession,
        {"session_id": str(read_session(wanted.session_id)), "final_capital": wanted.final_capital},
    )

    async def end(key: str | None) -> Stopped:
        result = await carry_out(request, floor, command, key)
        return converted(result, Stopped, message="Trading stopped successfully")

    return await once(request, floor, command, end)


@post(
    "/api/v1/trade/pause", tags=["trade"], role="trader", status_code=200, body=WhichSession, idempotent=True
)
async def pause(request: AnyRequest, floor: TheFloor) -> Answer[Paused]:
    """No new entries in this session until it is resumed; exits and protection go on."""
    return await _hold(
        request, floor, PauseSession, "paused", "No new entries; exits and protective orders go on"
    )


@post(
    "/api/v1/trade/resume", tags=["trade"], role="trader", status_code=200, body=WhichSession, idempotent=True
)
async def resume(request: AnyRequest, floor: TheFloor) -> Answer[Paused]:
    """Undo a pause."""
    return await _hold(
        request, floor, ResumeSession, "resumed", "Entries are possible again from the next round"
    )


@get("/api/v1/trade/halt", tags=["trade"])
async def halt_state(request: AnyRequest, floor: TheFloor) -> HaltState:
    """Whether the kill switch is thrown."""
    return await _halt_state(floor)


@post(
    "/api/v1/trade/halt",
    tags=["trade"],
    role="admin",
    status_code=200,
    body=HaltTrading,
    idempotent=True,
    example={"reason": "prices look wrong", "flatten": False},
)
async def halt(request: AnyRequest, floor: TheFloor) -> Answer[HaltState]:
    """Throw the kill switch: only risk-reducing orders pass until an admin releases it."""
    wanted = await read_body(request, HaltTrading)
    command = build(Halt, {"reason": wanted.reason, "flatten": wanted.flatten})

    async def throw(key: str | None) -> HaltState:
        await carry_out(request, floor, command, key)
        return await _halt_state(floor, "Trading halted")

    return await once(request, floor, command, throw)


@post("/api/v1/trade/unhalt", tags=["trade"], role="admin", status_code=200, body=NoFields, idempotent=True)
async def unhalt(request: AnyRequest, floor: TheFloor) -> Answer[HaltState]:
    """Release the kill switch."""
    await read_body(request, NoFields)

    async def release(key: str | None) -> HaltState:
        await carry_out(request, floor, Unhalt(), key)
        return await _halt_state(floor, "Trading may go on")

    return await once(request, floor, Unhalt(), release)


async def _hold(
    request: AnyRequest,
    floor: Floor,
    kind: type[PauseSession] | type[ResumeSession],
    word: str,
    note: str,
) -> Answer[Paused]:
    wanted = await read_body(request, WhichSession)
    command = kind(session_id=str(read_session(wanted.session_id)))

    async def hold(key: str | None) -> Paused:
        result = await carry_out(request, floor, command, key)
        return converted(result, Paused, message=f"Trading {word} successfully", note=note)

    return await once(request, floor, command, hold)


async def _halt_state(floor: Floor, message: str = "") -> HaltState:
    value = await state.halt(floor.pool)
    if not value:
        return HaltState(halted=False, message=message)
    return converted(value, HaltState, halted=True, since=value.get("at"), message=message)


HANDLERS = [start, stop, pause, resume, halt_state, halt, unhalt]
