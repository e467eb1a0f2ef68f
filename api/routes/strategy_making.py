"""Making strategies as TradAI's tools do: try a definition, merge changes into one, register what a backtest ran."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from litestar import post

from api.bodies import PLAIN, Body, given, read_body
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.registrar import asking, defined, org_of
from api.requests import AnyRequest
from api.routes.backtest_runs import job_of
from api.routes.strategies import ASIDE, RULE_EXAMPLE, Name, NewStrategy
from api.shapes.base import Shape
from api.shapes.described import ExecutionConfig, Figures, Parameters
from db.jobs.rows import Job
from db.strategies import creating, finding
from db.strategies.history import By
from db.strategies.metrics import record_metrics
from db.strategies.rows import StoredVersion
from openoutcry.backtest.request.parameters import with_parameters
from openoutcry.errors import BadInput, NotFound
from openoutcry.strategy.conformity import conformity
from openoutcry.strategy.definition import Definition
from openoutcry.strategy.semver import FIRST
from openoutcry.strategy.strict import BadStrategy
from wire.strategies import installed_strategies


class Wrong(Shape, frozen=True, kw_only=True):
    """One thing that is wrong, and where."""

    field: str | None
    message: str


class Validity(Shape, frozen=True, kw_only=True):
    """``valid`` when it could be registered and run here; ``errors`` keep it from that, ``warnings`` do not."""

    success: bool
    valid: bool
    name: str | None
    kind: str | None
    content_hash: str | None
    errors: list[Wrong]
    warnings: list[str]


class Merge(Body, frozen=True, kw_only=True):
    """A registered strategy and what is to differ: ``parameters`` as a backtest takes them, fields of ``execution_config``."""

    strategy: str
    version: str = finding.LATEST
    parameters: Parameters | None = None
    execution_config: ExecutionConfig | None = None


class Merged(Shape, frozen=True, kw_only=True):
    """The whole definition after the changes, which is stored nowhere; ``changed`` are the paths that differ."""

    success: bool
    name: str
    base_version: str
    kind: str
    content_hash: str
    changed: list[str]
    strategy: dict[str, Any]


class Register(Body, frozen=True, kw_only=True):
    """The completed backtest; ``version`` is the next one unless told."""

    job_id: str
    version: str | None = None
    notes: str | None = None


class Registered(Shape, frozen=True, kw_only=True):
    """``registered`` is false when a version is that very definition already, which then is the one named."""

    name: str
    version: str
    stage: str
    status: str
    registered: bool
    strategy_id: UUID
    job_id: UUID
    content_hash: str
    metrics: Figures


@post(
    "/api/v1/strategies/validate", tags=["strategies"], permission="strategy:read", status_code=200,
    body=NewStrategy, example=RULE_EXAMPLE,
)  # fmt: skip
async def validate(request: AnyRequest, floor: TheFloor) -> Validity:
    """Read a strategy as registering it would, and say everything that is wrong with it. Nothing is stored."""
    body = given(await read_body(request, NewStrategy, PLAIN))
    what = {key: value for key, value in body.items() if key not in ASIDE}
    name = what.get("name") if isinstance(what.get("name"), str) else None
    try:
        found = defined(floor, what)
    except BadInput as error:
        problems: Any = error.problems if isinstance(error, BadStrategy) else None
        errors = [Wrong(field=one.field, message=one.message) for one in problems or ()]
        return Validity(
            success=True, valid=False, name=name, kind=None, content_hash=None,
            errors=errors or [Wrong(field=error.field, message=str(error))], warnings=[],
        )  # fmt: skip
    runs = conformity(
        found.kind, found.body, found.content_hash, floor.trading.read(), installed=installed_strategies()
    )
    return Validity(
        success=True,
        valid=runs.conforms,
        name=found.name,
        kind=found.kind,
        content_hash=found.content_hash,
        errors=[Wrong(field=text.partition(":")[0], message=text) for text in runs.problems],
        warnings=list(runs.warnings),
    )


@post(
    "/api/v1/strategies/merge", tags=["strategies"], permission="strategy:read", status_code=200, body=Merge,
    example={"strategy": "BTC RSI Strategy", "parameters": {"entry[1].params.window": 100},
             "execution_config": {"cooldown_bars": 12}},
    errors=(404,),
)  # fmt: skip
async def merge(request: AnyRequest, floor: TheFloor) -> Merged:
    """A version with changes merged into it, checked and complete. `POST /strategies` with a `version` keeps such a one."""
    wanted = await read_body(request, Merge, PLAIN)
    strategy = await finding.find(floor.pool, org_of(request), wanted.strategy)
    version = finding.pick(strategy, await finding.versions(floor.pool, strategy.id), wanted.version)
    base = {**version.body, "name": strategy.name}
    made = defined(floor, _changed(strategy.kind, base, wanted))
    return Merged(
        success=True,
        name=strategy.name,
        base_version=version.version,
        kind=made.kind,
        content_hash=made.content_hash,
        changed=sorted(_differences(base, made.body)),
        strategy=made.body,
    )


@post(
    "/api/v1/strategies/{name:str}/register", tags=["strategies"], idempotent=True, role="trader", permission="strategy:create",
    body=Register, example={"job_id": "550e8400-e29b-41d4-a716-446655440000", "version": "1.1.0"}, status_code=201,
)  # fmt: skip
@kept
async def register(request: AnyRequest, floor: TheFloor, name: Name) -> Registered:
    """Keep what a completed backtest ran as a version of this strategy, in dev, with the metrics it reached.

    A strategy of that name is made where there is none.
    """
    wanted = await read_body(request, Register)
    job = await job_of(request, floor, wanted.job_id)
    if job.status != "COMPLETED" or job.result is None:
        raise Failure(
            409,
            "backtest is not completed",
            code="BACKTEST_NOT_COMPLETED",
            details=f"it is {job.status}",
            field="job_id",
        )
    added, fresh = await _kept(request, floor, name, _ran(floor, job, name), wanted)
    by = By("backtest", f"job {job.id}")
    async with floor.pool.acquire() as connection, connection.transaction():
        reached = await record_metrics(connection, added.id, job.result["metrics"], "backtest", by)
    strategy = await finding.find(floor.pool, org_of(request), str(added.strategy_id))
    return Registered(
        name=strategy.name,
        version=added.version,
        stage=added.stage,
        status=strategy.status,
        registered=fresh,
        strategy_id=strategy.id,
        job_id=job.id,
        content_hash=added.content_hash,
        metrics=dict(reached.metrics or {}),
    )


def _ran(floor: Floor, job: Job, name: str) -> Definition:
    """The strategy as a job ran it, under its name in the registry."""
    body = {**job.request["strategy"], "name": name}
    if job.request["kind"] == "rules":
        body["execution_config"] = job.request["execution_config"]
    return defined(floor, body)


async def _kept(
    request: AnyRequest, floor: Floor, name: str, made: Definition, wanted: Register
) -> tuple[StoredVersion, bool]:
    """The version that is this definition, and whether it is new. Raises Conflict for a number that is taken."""
    org_id, by, notes = org_of(request), asking(request), wanted.notes or ""
    try:
        strategy = await finding.find(floor.pool, org_id, name)
    except NotFound:
        created = await creating.create(
            floor.pool, org_id, made, by, version=wanted.version or FIRST, exchange=floor.run.exchange, notes=notes,
        )  # fmt: skip
        return (await finding.versions(floor.pool, created.id))[0], True
    same = [
        one
        for one in await finding.versions(floor.pool, strategy.id)
        if one.content_hash == made.content_hash
    ]
    if same:
        return same[-1], False
    return await creating.new_version(
        floor.pool, org_id, str(strategy.id), made, by, version=wanted.version, notes=notes
    ), True


def _changed(kind: str, base: dict[str, Any], wanted: Merge) -> dict[str, Any]:
    parameters, config = wanted.parameters or {}, wanted.execution_config or {}
    if kind == "code":
        if config:
            raise BadInput("execution_config: code brings its own", field="execution_config")
        return {**base, "parameters": {**base.get("parameters", {}), **parameters}}
    body, beside = with_parameters(base, parameters, "parameters") if parameters else (base, {})
    return {**body, "execution_config": {**(body.get("execution_config") or {}), **beside, **config}}


def _differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Paths at which two JSON values differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for key in {*one, *other}:
            yield from _differences(one.get(key), other.get(key), f"{path}.{key}" if path else str(key))
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, pair in enumerate(zip(one, other, strict=True)):
            yield from _differences(*pair, f"{path}[{place}]")
    elif one != other:
        yield path


HANDLERS = [validate, merge, register]
