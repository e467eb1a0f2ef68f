"""Health and status: measured when asked, never assumed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal

from litestar import HttpMethod, get, route

from api.access import caller_of
from api.encoding import Answer
from api.floor import Floor, TheFloor
from api.ping import Dependency, Level, ping
from api.pulse import fresh
from api.requests import AnyRequest
from api.shapes.base import Shape
from db import state
from db.minds import budgets
from db.reads import agents as agent_reads
from db.reads import sessions as session_reads
from openoutcry.minds import budget
from openoutcry.version import VERSION
from wire.clock import WallClock

RETRY = {"Retry-After": "2"}


class Ok(Shape, frozen=True, kw_only=True):
    """Alive."""

    status: str
    version: str


OK = Ok(status="ok", version=VERSION)


class Health(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """Whether this process can do its work; ``error`` says why it cannot."""

    status: Level
    version: str
    uptime: str
    uptime_seconds: int
    service: str
    timestamp: datetime
    dependencies: dict[str, Dependency]
    error: str | None = None
    details: str | None = None


class SocketStatus(Shape, frozen=True, kw_only=True):
    """The live stream's clients."""

    connected_clients: int


class Market(Shape, frozen=True, kw_only=True):
    """Where the floor's prices come from, and its clock: market time of the newest round."""

    source: str
    exchange: str
    timeframe: str
    as_of: datetime | None


class Status(Shape, frozen=True, kw_only=True):
    """The floor at a glance. ``models_level``: the step that language models' money has reached today."""

    status: Literal["operational", "degraded", "halted", "down"]
    version: str
    uptime: str
    components: dict[str, Level]
    websocket: SocketStatus
    market: Market
    models_level: budget.Level
    timestamp: datetime


@route("/health", http_method=[HttpMethod.GET, HttpMethod.HEAD], public=True, tags=["system"])
async def alive() -> Ok:
    """Alive: this process answers."""
    return OK


@get("/api/v1/health", public=True, tags=["system"])
async def health(floor: TheFloor) -> Answer[Health]:
    """Health with a database ping of at most two seconds; 503 when that fails."""
    database = await ping(floor.pool)
    body = Health(
        status=database.status,
        version=VERSION,
        uptime=str(floor.uptime),
        uptime_seconds=int(floor.uptime.seconds),
        service="api",
        timestamp=WallClock().now(),
        dependencies={"database": database},
        error=None if database.ok else "database connection failed",
        details=None if database.ok else database.message,
    )
    return Answer(body) if database.ok else Answer(body, status_code=503, headers=RETRY)


@get("/api/v1/status", tags=["system"])
async def status(request: AnyRequest, floor: TheFloor) -> Status:
    """Every component, measured now.

    `rounds` and `agents` are there while a session runs: healthy when a round was closed, and every agent heard,
    within the time that is normal for this market and speed.
    """
    database = await ping(floor.pool)
    components: dict[str, Level] = {
        "database": database.status,
        "api": "healthy",
        "websocket": "healthy" if floor.hub.connected else "unhealthy",
    }
    as_of, halted = None, False
    level: budget.Level = "full"
    if database.ok:
        components |= await _floor_components(request, floor)
        as_of, halted = await state.clock(floor.pool), await state.halt(floor.pool) is not None
        level = await budgets.level(floor.pool, caller_of(request).org_id)
    return Status(
        status=_overall(components.values(), down=not database.ok, halted=halted),
        version=VERSION,
        uptime=str(floor.uptime),
        components=components,
        websocket=SocketStatus(connected_clients=floor.hub.clients),
        models_level=level,
        market=Market(
            source=floor.run.market, exchange=floor.run.exchange, timeframe=floor.run.timeframe, as_of=as_of
        ),
        timestamp=WallClock().now(),
    )


def _overall(
    levels: Any, *, down: bool, halted: bool
) -> Literal["operational", "degraded", "halted", "down"]:
    if down:
        return "down"
    if any(level != "healthy" for level in levels):
        return "degraded"
    return "halted" if halted else "operational"


async def _floor_components(request: AnyRequest, floor: Floor) -> dict[str, Level]:
    org_id, now = caller_of(request).org_id, WallClock().now()
    running = await session_reads.list_sessions(floor.pool, org_id, status="RUNNING", limit=100)
    if not running:
        return {}
    newest = max(row["updated_at"] for row in running)
    agents = await agent_reads.list_agents(floor.pool, org_id)
    heard = [row["status"] == "active" and fresh(row["last_seen_at"], now, floor.run) for row in agents]
    return {"rounds": "healthy" if fresh(newest, now, floor.run) else "unhealthy", "agents": _level(heard)}


def _level(heard: Sequence[bool]) -> Level:
    if all(heard) and heard:
        return "healthy"
    return "degraded" if any(heard) else "unhealthy"


HANDLERS = [alive, health, status]
