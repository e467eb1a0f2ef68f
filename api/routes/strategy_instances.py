"""``/api/v1/strategies/{name}/run`` and ``/instances``: a strategy's stays on the floor, as TradAI names them."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.bodies import PLAIN, Body, NoFields, read_body
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.paging import Walk
from api.params import Anchor, Offset, read_id
from api.registrar import asking, org_of, reserved
from api.requests import AnyRequest
from api.routes.strategies import Name
from api.shapes.base import Shape
from db.strategies import finding, standing
from db.strategies.instances import Instance, instance, instances, said
from db.strategies.rows import StoredStrategy
from openoutcry.errors import BadInput
from openoutcry.strategy.lifecycle import SEATED

Limit = Annotated[
    int, QueryParameter(ge=1, le=500, description="At most this many (default 100).", required=False)
]


class Run(Body, frozen=True, kw_only=True):
    """``mode`` is paper; ``weight`` that of its voice on the floor (0 to 100)."""

    mode: str = "paper"
    weight: float | None = None
    reason: str | None = None


class OneInstance(Shape, frozen=True, kw_only=True):
    """A stay on the floor. ``agent_name`` is the name it votes under."""

    instance_id: UUID
    strategy_id: UUID
    strategy_name: str
    agent_name: str
    status: Literal["running", "stopped"]
    mode: str
    weight: float
    started_at: datetime
    started_by: str
    stopped_at: datetime | None
    stopped_by: str | None
    reason: str


class Instances(Shape, frozen=True, kw_only=True):
    """Newest first."""

    strategy_id: UUID
    instances: list[OneInstance]
    total: int
    running: int


class LogLine(Shape, frozen=True, kw_only=True):
    """What it said in one round: ``timestamp`` by the wall, ``as_of`` the market time of the bar it spoke about."""

    timestamp: datetime
    level: Literal["info", "warning"]
    message: str
    as_of: datetime
    session_id: UUID
    round: int
    decision_id: UUID
    symbol: str
    action: str
    confidence: float | None
    weight: float
    counted: bool


class Logs(Shape, frozen=True, kw_only=True):
    """Newest first; a warning is an abstention."""

    instance_id: UUID
    logs: list[LogLine]
    limit: int
    offset: int


@post(
    "/api/v1/strategies/{name:str}/run",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=Run,
    example={"mode": "paper", "weight": 1.0},
    status_code=201,
)
@kept
async def run(request: AnyRequest, floor: TheFloor, name: Name) -> OneInstance:
    """Seat a strategy on the floor: from the next round on it votes as an agent of its own."""
    wanted = await read_body(request, Run, PLAIN)
    if wanted.mode.lower() != "paper":
        raise BadInput("mode: is paper; going live takes a version in production", field="mode")
    by = asking(request, wanted.reason)
    before = await finding.find(floor.pool, org_of(request), name)
    if before.status in SEATED:
        raise Failure(409, "conflict", code="ALREADY_RUNNING", details=f"{before.name} is {before.status}")
    names = await reserved(floor)
    seated = await standing.set_status(
        floor.pool, org_of(request), name, "paper", by, reserved=names, weight=wanted.weight,
        expected=before.revision,
    )  # fmt: skip
    return _told(seated, (await instances(floor.pool, org_of(request), seated.id))[0])


@get("/api/v1/strategies/{name:str}/instances", tags=["strategies"], permission="strategy:read")
async def list_instances(request: AnyRequest, floor: TheFloor, name: Name) -> Instances:
    """Every stay of a strategy on the floor."""
    strategy = await finding.find(floor.pool, org_of(request), name)
    found = [_told(strategy, one) for one in await instances(floor.pool, org_of(request), strategy.id)]
    running = sum(one.status == "running" for one in found)
    return Instances(strategy_id=strategy.id, instances=found, total=len(found), running=running)


@post(
    "/api/v1/strategies/{name:str}/instances/{instance_id:str}/stop",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=NoFields,
    status_code=200,
)
@kept
async def stop(request: AnyRequest, floor: TheFloor, name: Name, instance_id: FromPath[str]) -> OneInstance:
    """Take a strategy off the floor. What it holds there is the floor's to close."""
    await read_body(request, NoFields)
    strategy, stay = await _meant(request, floor, name, instance_id)
    if stay.stopped_at is not None:
        raise Failure(
            409,
            "conflict",
            code="ALREADY_STOPPED",
            details=f"it was stopped at {stay.stopped_at.isoformat()}",
        )
    gone = await standing.set_status(
        floor.pool, org_of(request), str(strategy.id), "inactive", asking(request),
        reserved=await reserved(floor), expected=strategy.revision,
    )  # fmt: skip
    return _told(gone, await instance(floor.pool, org_of(request), strategy.id, stay.id))


@get(
    "/api/v1/strategies/{name:str}/instances/{instance_id:str}/logs",
    tags=["strategies"],
    permission="strategy:read",
)
async def logs(
    request: AnyRequest,
    floor: TheFloor,
    name: Name,
    instance_id: FromPath[str],
    limit: Limit = 100,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Logs:
    """What it said in the floor's rounds, and whether that counted."""
    strategy, stay = await _meant(request, floor, name, instance_id)
    walk = await Walk.of(request, floor, offset, anchor)
    rows = await said(floor.pool, org_of(request), strategy.id, stay, limit, offset, walk.snapshot)
    walk.left(rows, limit)
    return Logs(instance_id=stay.id, logs=[_line(row) for row in rows], limit=limit, offset=offset)


async def _meant(
    request: AnyRequest, floor: Floor, name: str, instance_id: str
) -> tuple[StoredStrategy, Instance]:
    wanted = read_id(instance_id, "instance")
    strategy = await finding.find(floor.pool, org_of(request), name)
    return strategy, await instance(floor.pool, org_of(request), strategy.id, wanted)


def _told(strategy: StoredStrategy, stay: Instance) -> OneInstance:
    return OneInstance(
        instance_id=stay.id,
        strategy_id=strategy.id,
        strategy_name=strategy.name,
        agent_name=strategy.agent_name,
        status="running" if stay.stopped_at is None else "stopped",
        mode=stay.mode,
        weight=strategy.weight,
        started_at=stay.started_at,
        started_by=stay.started_by,
        stopped_at=stay.stopped_at,
        stopped_by=stay.stopped_by,
        reason=stay.reason if stay.stopped_at is None else stay.stop_reason,
    )


def _line(row: Any) -> LogLine:
    return LogLine(
        timestamp=row["at"],
        level="info" if row["abstain_reason"] is None else "warning",
        message=row["abstain_reason"] or row["reasoning"],
        as_of=row["as_of"],
        session_id=row["session_id"],
        round=row["seq"],
        decision_id=row["decision_id"],
        symbol=row["symbol"],
        action=row["action"],
        confidence=row["confidence"],
        weight=row["weight"],
        counted=row["counted"],
    )


HANDLERS = [run, list_instances, stop, logs]
