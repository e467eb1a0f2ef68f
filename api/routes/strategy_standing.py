"""Where a strategy stands: its status, its account, its archive, and its way to production."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from litestar import get, patch, post

from api.access import caller_of
from api.amounts import Number
from api.bodies import PLAIN, Body, NoFields, given, read_body
from api.failures import Failure, invalid_body
from api.floor import TheFloor
from api.idempotency import kept
from api.identity import may
from api.params import read_time
from api.registrar import asking, org_of, reserved, shown
from api.requests import AnyRequest
from api.routes.strategies import Name
from api.shapes.base import Shape
from api.shapes.strategies import AccountState, account_state
from db.jobs.submit import Submission, submit
from db.strategies import finding, staging, standing
from db.strategies.correcting import account, correct
from db.strategies.finding import LATEST
from db.strategies.staging import PromotionRefused
from openoutcry.strategy.conformity import conformity
from openoutcry.strategy.lifecycle import Status, read_status
from openoutcry.strategy.validation import read_asked
from wire.strategies import installed_strategies

VALIDATION = "validation"
"""The kind of job that validates a version."""
MOST = Decimal(10) ** 15
COUNTS = ("total_trades", "num_open_positions")


class StatusChange(Body, frozen=True, kw_only=True):
    """The new status, and the weight of its voice on the floor (0 to 100)."""

    status: str
    weight: float | None = None
    reason: str | None = None


class StateChange(Body, frozen=True, kw_only=True):
    """Figures of the strategy's account that are to be these from now on."""

    cash_balance: Number | None = None
    account_value: Number | None = None
    total_trades: int | None = None
    num_open_positions: int | None = None
    reason: str | None = None


class Stage(Body, frozen=True, kw_only=True):
    """The version to be validated: a number, ``latest`` or a stage; and on which data, what follows from it if not told."""

    version: str = LATEST
    notes: str | None = None
    exchange: str | None = None
    symbol: str | None = None
    timeframe: str | None = None
    start: str | None = None
    end: str | None = None
    fee_pct: float | None = None
    slippage_pct: float | None = None
    seed: int | None = None


class Promote(Body, frozen=True, kw_only=True):
    """The version for production. ``force`` passes the gates by, needs a ``reason``, and the role admin."""

    version: str = "staging"
    force: bool = False
    reason: str | None = None


class Moved(Shape, frozen=True, kw_only=True):
    """A strategy's status after a change."""

    success: bool
    message: str
    strategy_id: UUID
    status: Status
    archived: bool
    revision: int


class StateChanged(Shape, frozen=True, kw_only=True):
    """The account after a correction."""

    success: bool
    strategy_id: UUID
    execution_state: AccountState


class Verified(Shape, frozen=True, kw_only=True):
    """Whether the stored version can run: problems keep it from it, warnings do not."""

    success: bool
    found: bool
    name: str
    version: str
    conforms: bool
    problems: list[str]
    warnings: list[str]


class Staged(Shape, frozen=True, kw_only=True):
    """A version in staging, its validation queued as a job."""

    name: str
    version: str
    stage: Literal["staging"]
    status: Literal["validation_in_progress"]
    created_at: datetime
    strategy_status: Status
    validation_id: UUID
    job_id: UUID


class Promoted(Shape, frozen=True, kw_only=True):
    """A version in production."""

    name: str
    version: str
    stage: Literal["prod"]
    promoted_at: datetime
    previous_version: str | None
    forced: bool
    strategy_status: Status


@patch(
    "/api/v1/strategies/{name:str}/status",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=StatusChange,
    example={"status": "paper"},
)
@kept
async def set_status(request: AnyRequest, floor: TheFloor, name: Name) -> Moved:
    """Move a strategy's status: draft, inactive, paper, live, archived. In paper and live it votes on the floor."""
    wanted = await read_body(request, StatusChange)
    return await _moved(request, floor, name, read_status(wanted.status), wanted.reason, wanted.weight)


@post(
    "/api/v1/strategies/{name:str}/archive",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=NoFields,
    status_code=200,
)
@kept
async def archive(request: AnyRequest, floor: TheFloor, name: Name) -> Moved:
    """Take a strategy out of the lists and off the floor."""
    await read_body(request, NoFields)
    return await _moved(request, floor, name, "archived")


@post(
    "/api/v1/strategies/{name:str}/unarchive",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=NoFields,
    status_code=200,
)
@kept
async def unarchive(request: AnyRequest, floor: TheFloor, name: Name) -> Moved:
    """Bring an archived strategy back, inactive; one that is not archived stays as it is."""
    await read_body(request, NoFields)
    found = await finding.find(floor.pool, org_of(request), name)
    return await _moved(
        request, floor, str(found.id), "inactive" if found.status == "archived" else found.status
    )


@patch(
    "/api/v1/strategies/{name:str}/execution-state",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=StateChange,
    example={"cash_balance": 9500.0, "account_value": 10200.0},
)
@kept
async def set_state(request: AnyRequest, floor: TheFloor, name: Name) -> StateChanged:
    """Correct a strategy's account by hand: it goes on from these figures. The floor's own books stay as they are."""
    wanted = given(await read_body(request, StateChange))
    reason = wanted.pop("reason", None)
    if not wanted:
        raise invalid_body(
            "name at least one of cash_balance, account_value, total_trades, num_open_positions"
        )
    for field, value in wanted.items():
        if not (0 if field in COUNTS else -MOST) <= value <= MOST:
            raise invalid_body(f"{field}: {value} is out of bounds", field)
    figures = {field: Decimal(value) for field, value in wanted.items()}
    await correct(floor.pool, org_of(request), name, asking(request, reason), figures)
    strategy, version, _ = await shown(request, floor, name)
    state = await account(floor.pool, strategy, version)
    assert state is not None
    return StateChanged(success=True, strategy_id=strategy.id, execution_state=account_state(state))


@get("/api/v1/strategies/{name:str}/verify", tags=["strategies"], permission="strategy:read")
async def verify(request: AnyRequest, floor: TheFloor, name: Name) -> Verified:
    """Read the version in force again: is it what was stored, and can it run here?"""
    strategy, version, _ = await shown(request, floor, name)
    defaults, installed = floor.trading.read(), installed_strategies()
    found = conformity(strategy.kind, version.body, version.content_hash, defaults, installed=installed)
    return Verified(
        success=True,
        found=True,
        name=strategy.name,
        version=version.version,
        conforms=found.conforms,
        problems=list(found.problems),
        warnings=list(found.warnings),
    )


@post(
    "/api/v1/strategies/{name:str}/stage",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=Stage,
    example={"version": "1.0.0"},
    status_code=200,
)
@kept
async def stage(request: AnyRequest, floor: TheFloor, name: Name) -> Staged:
    """Take a version to staging and queue its validation, which workers run: three windows against six gates."""
    wanted = await read_body(request, Stage, PLAIN)
    by = asking(request, wanted.notes)
    org_id = org_of(request)
    staged = await staging.stage(
        floor.pool, org_id, name, wanted.version, by, asked=_asked(wanted), reserved=await reserved(floor)
    )
    job = Submission(
        kind=VALIDATION,
        name=staged.name,
        version=staged.version,
        request={"validation_id": str(staged.validation_id)},
    )
    job_id = await submit(floor.pool, org_id, job, by.who, once=f"validation:{staged.validation_id}")
    return Staged(
        name=staged.name,
        version=staged.version,
        stage="staging",
        status="validation_in_progress",
        created_at=staged.staged_at,
        strategy_status=staged.status,
        validation_id=staged.validation_id,
        job_id=job_id,
    )


@post(
    "/api/v1/strategies/{name:str}/promote",
    tags=["strategies"],
    idempotent=True,
    role="trader",
    permission="strategy:update_status",
    body=Promote,
    example={"version": "1.0.0", "force": False},
    status_code=200,
)
@kept
async def promote(request: AnyRequest, floor: TheFloor, name: Name) -> Promoted:
    """Take a version from staging to production. 409 `PROMOTION_GATE_FAILED` names every gate that does not hold."""
    wanted = await read_body(request, Promote)
    if wanted.force and not may(caller_of(request), "admin"):
        raise Failure(
            403,
            "only an admin may promote by force",
            code="PERMISSION_DENIED",
            details="leave force out and the gates decide",
            field="force",
        )
    done = await staging.promote(
        floor.pool,
        org_of(request),
        name,
        wanted.version,
        asking(request, wanted.reason),
        reserved=await reserved(floor),
        force=wanted.force,
    )
    if isinstance(done, PromotionRefused):
        raise Failure(
            409,
            "promotion gates failed",
            code="PROMOTION_GATE_FAILED",
            details=str(done),
            name=done.name,
            version=done.version,
            outcome=done.outcome,
            failures=[failure.model_dump() for failure in done.failures],
        )
    return Promoted(
        name=done.name,
        version=done.version,
        stage="prod",
        promoted_at=done.promoted_at,
        previous_version=done.previous_version,
        forced=done.forced,
        strategy_status=done.status,
    )


def _asked(wanted: Stage) -> dict[str, Any]:
    """The data a validation runs on. Raises Failure 400 and BadInput naming the field."""
    told = given(wanted)
    values = {key: told[key] for key in told if key not in ("version", "notes")}
    for key in ("start", "end"):
        if key in values:
            values[key] = read_time(values[key], key)
    return read_asked(values).model_dump(mode="json", exclude_unset=True)


async def _moved(
    request: AnyRequest,
    floor: TheFloor,
    name: str,
    status: Status,
    reason: str | None = None,
    weight: float | None = None,
) -> Moved:
    done = await standing.set_status(
        floor.pool,
        org_of(request),
        name,
        status,
        asking(request, reason),
        reserved=await reserved(floor),
        weight=weight,
    )
    return Moved(
        success=True,
        message=f"{done.name} is {done.status}",
        strategy_id=done.id,
        status=done.status,
        archived=done.archived_at is not None,
        revision=done.revision,
    )


HANDLERS = [set_status, archive, unarchive, set_state, verify, stage, promote]
