"""``/api/v1/trade``: start, stop, pause, resume a session."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from litestar import post

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
from openoutcry.types.commands import (
    PauseSession,
    ResumeSession,
    StartSession,
    StopSession,
)
from openoutcry.types.symbols import canonical
from wire.clock import WallClock

CLOCK = WallClock()
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


HANDLERS = [start, stop, pause, resume]
