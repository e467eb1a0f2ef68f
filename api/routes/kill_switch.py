"""``/api/v1/trade``: the kill switch and the breaker. They are the floor's own org's."""

import asyncio
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeVar
from uuid import UUID

from litestar import get, post
from msgspec.structs import asdict

from api.access import caller_of
from api.bodies import Body, read_body
from api.commands import build, carry_out
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.params import read_session
from api.requests import AnyRequest
from api.shapes.base import Shape, converted
from db import halting
from db.identity.holder import Holder
from db.reads.latches import Reached, latches
from openoutcry.errors import NotFound
from openoutcry.types.commands import (
    Halt,
    ResetBreaker,
    Unhalt,
)
from openoutcry.types.symbols import canonical
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

CLOCK = WallClock()
C = TypeVar("C", Halt, Unhalt)
FILE_S = 0.5
"""How soon a kill file that this process does not see has halted the floor again, and more."""


class HaltTrading(Body, frozen=True, kw_only=True):
    """The kill switch, of everything or of one symbol. ``flatten`` also closes every position."""

    reason: str
    flatten: bool = False
    symbol: str | None = None


class ReleaseTrading(Body, frozen=True, kw_only=True):
    """Why trading, of everything or of one halted symbol, may go on."""

    reason: str
    symbol: str | None = None


class ResetTheBreaker(Body, frozen=True, kw_only=True):
    """Why entries may begin again, in one session or in all."""

    reason: str
    session_id: str | None = None


class ResetSession(Shape, frozen=True, kw_only=True):
    """A session whose loss limits were reached, and which of them."""

    session_id: UUID
    rules: tuple[str, ...]


class BreakerReset(Shape, frozen=True, kw_only=True):
    """The sessions that may enter again, and whether a halt of the breaker's was released."""

    reset: tuple[ResetSession, ...]
    released: bool


class ReachedLimit(Shape, frozen=True, kw_only=True):
    """A loss limit that a session reached, in which record and when on the market's clock: it enters nothing until reset."""

    session_id: UUID
    symbol: str
    rule: str
    value: Decimal
    limit: Decimal
    seq: int
    as_of: datetime


class HaltState(Shape, frozen=True, kw_only=True):
    """Whether the kill switch is thrown, why, by whom and since when.

    ``swept``: open orders were cancelled and, with ``flatten``, positions closed. ``halted_symbols`` are those halted by
    themselves. ``latched`` are the loss limits that stand, halted or not: a reset of the breaker lets go of them.
    """

    halted: bool
    symbol: str | None = None
    reason: str | None = None
    by: str | None = None
    source: str | None = None
    since: datetime | None = None
    flatten: bool = False
    swept: bool = False
    halted_symbols: tuple[str, ...] = ()
    latched: tuple[ReachedLimit, ...] = ()
    message: str = ""


@get("/api/v1/trade/halt", tags=["trade"])
async def halt_state(request: AnyRequest, floor: TheFloor) -> HaltState:
    """Whether the kill switch is thrown, and which loss limits keep the caller's sessions from entering anything."""
    return await _halt_state(floor, caller_of(request).org_id)


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
    """Throw the kill switch: only risk-reducing orders pass until an admin releases it.

    It holds as soon as it is stored, whatever the floor is busy with; the answer waits for open orders to be cancelled and,
    with ``flatten``, positions to be closed, and says in ``swept`` whether that was done.
    """
    caller, command = await _asked(request, HaltTrading, Halt)

    async def throw(_: str | None) -> HaltState:
        await halting.throw(
            floor.pool, caller.org_id, reason=command.reason, by=caller.name, source="api", at=CLOCK.now(),
            symbol=command.symbol, flatten=command.flatten,
        )  # fmt: skip
        await halting.wait_swept(floor.pool, command.symbol, floor.command_timeout_s)
        return await _halt_state(floor, caller.org_id, "Trading halted", command.symbol)

    return await once(request, floor, command, throw)


@post(
    "/api/v1/trade/unhalt",
    tags=["trade"],
    role="admin",
    status_code=200,
    body=ReleaseTrading,
    idempotent=True,
    example={"reason": "prices are right again"},
)
async def unhalt(request: AnyRequest, floor: TheFloor) -> Answer[HaltState]:
    """Release the kill switch. The reason is kept in the floor's stream of events beside who gave it."""
    caller, command = await _asked(request, ReleaseTrading, Unhalt)

    async def release(_: str | None) -> HaltState:
        if floor.kill_file is not None and floor.kill_file.exists():
            raise _still_there()
        with suppress(NotFound):  # what is not halted may go on
            stood = await halting.release(
                floor.pool, caller.org_id, reason=command.reason, by=caller.name, at=CLOCK.now(), symbol=command.symbol
            )  # fmt: skip
            if stood["source"] == "file":
                await asyncio.sleep(FILE_S)
        if command.symbol is None and None in await halting.standing(floor.pool):
            raise _still_there()
        return await _halt_state(floor, caller.org_id, "Trading may go on", command.symbol)

    return await once(request, floor, command, release)


@post(
    "/api/v1/trade/breaker/reset",
    tags=["trade"],
    role="admin",
    status_code=200,
    body=ResetTheBreaker,
    idempotent=True,
    example={"reason": "the loss is understood and accepted"},
)
async def reset_breaker(request: AnyRequest, floor: TheFloor) -> Answer[BreakerReset]:
    """Let sessions enter again after a loss limit was reached; losses are counted anew, and a halt the breaker threw ends."""
    wanted = await read_body(request, ResetTheBreaker)
    session = None if wanted.session_id is None else str(read_session(wanted.session_id))
    command = build(ResetBreaker, {"reason": wanted.reason, "session_id": session})

    async def reset(key: str | None) -> BreakerReset:
        result = await carry_out(request, floor, command, key)
        return converted(result, BreakerReset)

    return await once(request, floor, command, reset)


async def _asked(
    request: AnyRequest, shape: type[HaltTrading | ReleaseTrading], kind: type[C]
) -> tuple[Holder, C]:
    """Who throws or releases the switch, and the command that the body of that shape asks for."""
    caller, wanted = _operator(request), await read_body(request, shape)
    symbol = None if wanted.symbol is None else canonical(wanted.symbol)
    return caller, build(kind, {**asdict(wanted), "symbol": symbol})


def _still_there() -> Failure:
    return Failure(409, "the kill file is still there: remove it first", code="KILL_FILE")


def _operator(request: AnyRequest) -> Holder:
    """The caller, who must be of the org whose floor this is. Raises Failure 403."""
    caller = caller_of(request)
    if str(caller.org_id) != DEFAULT_ORG:
        raise Failure(403, "forbidden", code="FORBIDDEN", details="the kill switch is the floor's own org's")
    return caller


async def _halt_state(floor: Floor, org_id: UUID, message: str = "", symbol: str | None = None) -> HaltState:
    standing = await halting.standing(floor.pool)
    told: dict[str, Any] = {
        "symbol": symbol,
        "halted_symbols": tuple(name for name in standing if name is not None),
        "latched": tuple(_reached(one) for one in await latches(floor.pool, org_id)),
        "message": message,
    }
    value = standing.get(symbol)
    if not value:
        return HaltState(halted=False, **told)
    return converted(value, HaltState, halted=True, since=value["at"], **told)


def _reached(one: Reached) -> ReachedLimit:
    latch = one.latch
    return ReachedLimit(
        session_id=one.session_id, symbol=one.symbol, rule=one.rule, value=Decimal(latch.value),
        limit=Decimal(latch.limit), seq=latch.seq, as_of=latch.as_of,
    )  # fmt: skip


HANDLERS = [halt_state, halt, unhalt, reset_breaker]
