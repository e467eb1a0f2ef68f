"""``/api/v1/hyperopt``: searching a strategy's parameters as a job, with what may be believed of the best."""

from datetime import datetime
from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from api.access import caller_of
from api.backtesting import submission
from api.bodies import Body, read_object
from api.cursors import Cursors
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import kept, once
from api.market import apart, home_of
from api.params import read_id
from api.requests import AnyRequest
from api.routes.backtest_runs import Wanted, explained
from api.routes.backtests import Cursor, Limit, OneStatus, read_status
from api.shapes.backtests import Progress, Submitted, progress
from api.shapes.base import Shape
from api.shapes.described import ChosenStrategy, DateRange, Figures, Parameters
from db.jobs import ending, reads
from db.jobs.rows import Job
from db.jobs.submit import Submission, submit
from openoutcry.backtest.request.model import BacktestRequest
from openoutcry.backtest.search.hyperopt import FIELDS, Hyperopt, epochs_of, read_hyperopt, space_of
from openoutcry.errors import BadInput
from openoutcry.strategy.rules import parse_strategy
from wire.clock import WallClock

KIND = "hyperopt"
TIMEOUT_S = 6 * 3600
EXAMPLE = {
    "strategy_config": {"name": "sma_cross", "version": "latest"},
    "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"},
    "exchange": "binance_futures", "timeframe": "1h", "capital": 10000, "preset": "quick", "spaces": ["buy", "stoploss"],
}  # fmt: skip


class HyperoptWish(Body, frozen=True, kw_only=True):
    """What a backtest is asked (docs/jobs.md), and beside it the search. ``preset`` is quick (50 epochs), standard (200) or
    production (1,000, walking forward); ``spaces`` of buy, sell, roi, stoploss, or ``vary`` as in a space file."""

    strategy_config: ChosenStrategy
    date_range: DateRange
    exchange: str | None = None
    symbols: list[str] | None = None
    timeframe: str | None = None
    capital: float | None = None
    leverage: float | None = None
    seed: int | None = None
    preset: str | None = None
    epochs: int | None = None
    method: str | None = None
    spaces: list[str] | None = None
    vary: dict[str, Any] | None = None
    where: list[str] | None = None
    objective: str | None = None
    min_trades: int | None = None
    walk_forward: bool | int | None = None


class Best(Shape, frozen=True, kw_only=True):
    """The best combination: its score is the objective's figure; ``parameters`` are by path."""

    parameters: Parameters
    score: float | None
    metrics: Figures


class SearchJob(Shape, frozen=True, kw_only=True):
    """A search. ``epochs`` are combinations to be tried on all bars; a walk forward tries as many again in each window."""

    job_id: UUID
    status: str
    strategy_name: str
    strategy_version: str
    preset: str
    epochs: int
    objective: str
    created_at: datetime
    completed_at: datetime | None
    progress: Progress
    message: str
    best: Best | None
    error: str | None


class Searches(Shape, frozen=True, kw_only=True):
    """Newest first."""

    jobs: list[SearchJob]
    cursor: str | None
    total: int


class Found(Shape, frozen=True, kw_only=True):
    """What a search found. ``trials`` are the fifty best; ``overfitting`` says what may be believed of the first of them
    (docs/sweeps.md); ``strategy`` is the best one whole, as `POST /api/v1/strategies` takes it."""

    job_id: UUID
    status: str
    objective: str
    method: str
    epochs: dict[str, int]
    best: Best | None
    strategy: dict[str, Any] | None
    trials: list[dict[str, Any]]
    overfitting: dict[str, Any]
    walk_forward: dict[str, Any] | None
    warnings: list[str]


@post(
    "/api/v1/hyperopt", tags=["hyperopt"], role="trader", permission="backtest:create", haste="backtests",
    body=HyperoptWish, example=EXAMPLE, idempotent=True, errors=(404,),
)  # fmt: skip
async def create(request: AnyRequest, floor: TheFloor) -> Answer[Submitted]:
    """Queue a search of a rules strategy's parameters over stored candles."""
    body = await read_object(request)
    return await once(
        request, floor, Wanted(body=body), lambda name: _queued(request, floor, body, name), 201
    )


@get("/api/v1/hyperopt", tags=["hyperopt"], permission="strategy:read")
async def list_searches(
    request: AnyRequest, floor: TheFloor, limit: Limit = 20, cursor: Cursor = None, status: OneStatus = None
) -> Searches:
    """Searches, newest first."""
    wanted = read_status(status, "status")
    org_id = caller_of(request).org_id
    cursors = await Cursors.of(request, floor, {"status": wanted})
    found = await reads.page(
        floor.pool, org_id, kind=KIND, status=wanted, cursor=cursors.opened(cursor), limit=limit
    )
    return Searches(
        jobs=[_told(job) for job in found.jobs], cursor=cursors.sealed(found.cursor), total=found.total
    )


@get("/api/v1/hyperopt/{job_id:str}", tags=["hyperopt"], permission="strategy:read")
async def get_search(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> SearchJob:
    """One search: how far it is, and the best it found once it is over."""
    return _told(await _job(request, floor, job_id))


@post(
    "/api/v1/hyperopt/{job_id:str}/cancel",
    tags=["hyperopt"],
    idempotent=True,
    role="trader",
    permission="backtest:create",
    status_code=200,
)
@kept
async def cancel(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> SearchJob:
    """Cancel a search; what computes it stops within about a second."""
    job = await _job(request, floor, job_id)
    done = await ending.cancel(floor.pool, job.org_id, job.id)
    if job.over or not done.updated:
        raise Failure(
            409, "hyperopt is over", code="JOB_TERMINAL", details=f"it is {done.status}", job_id=str(job.id)
        )
    return _told(await _job(request, floor, job_id))


@get("/api/v1/hyperopt/{job_id:str}/results", tags=["hyperopt"], permission="strategy:read", errors=(409,))
async def results(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Found:
    """What a completed search found."""
    job = await _job(request, floor, job_id)
    if job.status != "COMPLETED" or job.result is None:
        raise Failure(
            409, "hyperopt is not completed", code="HYPEROPT_NOT_COMPLETED", details=f"it is {job.status}"
        )
    found = job.result
    return Found(
        job_id=job.id,
        status=job.status,
        objective=found["objective"],
        method=found["method"],
        epochs=found["trials"],
        best=_best(job),
        strategy=None if found["best"] is None else found["best"]["strategy"],
        trials=found["ranked"],
        overfitting=found["overfitting"],
        walk_forward=found["forward"],
        warnings=found["warnings"],
    )


async def _queued(request: AnyRequest, floor: Floor, body: dict[str, Any], name: str | None) -> Submitted:
    caller = caller_of(request)
    given = {key: value for key, value in body.items() if value is not None}
    try:
        asked = read_hyperopt({key: value for key, value in given.items() if key in FIELDS})
        if "strategy_config" not in given:
            raise BadInput("strategy_config: is missing", field="strategy_config")
        rest = {key: value for key, value in given.items() if key not in FIELDS}
        backtest = await submission(floor.pool, caller.org_id, home_of(floor), rest, WallClock().now())
        complete = BacktestRequest.restored(backtest.request)
        epochs = await apart(lambda: _epochs(asked, complete, floor))
    except BadInput as error:
        raise explained(error) from error
    wanted = Submission(
        kind=KIND,
        name=backtest.name,
        version=backtest.version,
        request={"backtest": backtest.request, "search": asked.model_dump(mode="json"), "epochs": epochs},
        timeout_s=TIMEOUT_S,
    )
    job = await reads.get(
        floor.pool, caller.org_id, await submit(floor.pool, caller.org_id, wanted, caller.name, once=name)
    )
    assert job is not None
    return Submitted(job_id=job.id, status=job.status, created_at=job.created_at)


def _epochs(asked: Hyperopt, request: BacktestRequest, floor: Floor) -> int:
    """How many combinations it will try. Raises BadInput for what can be known to go wrong before candles are read."""
    if request.kind != "rules":
        raise BadInput("strategy_config.name: code has no rules to vary", field="strategy_config.name")
    if len(request.symbols) != 1:
        raise BadInput("symbols: a search runs on one symbol", field="symbols")
    config = request.execution_config.model_dump(mode="json")
    strategy = parse_strategy({**request.strategy, "execution_config": config}, floor.trading.read())
    return epochs_of(asked, space_of(asked, strategy))


async def _job(request: AnyRequest, floor: Floor, text: str) -> Job:
    job = await reads.get(floor.pool, caller_of(request).org_id, read_id(text, "job"))
    if job is None or job.kind != KIND:
        raise Failure(404, f"Hyperopt job '{text}' not found", job_id=text)
    return job


def _told(job: Job) -> SearchJob:
    search = job.request["search"]
    return SearchJob(
        job_id=job.id,
        status=job.status,
        strategy_name=job.name,
        strategy_version=job.version,
        preset=search["preset"],
        epochs=job.request["epochs"],
        objective=search["objective"],
        created_at=job.created_at,
        completed_at=job.finished_at,
        progress=progress(job),
        message=job.message,
        best=_best(job),
        error=job.error,
    )


def _best(job: Job) -> Best | None:
    best = None if job.result is None else job.result["best"]
    return (
        None
        if best is None
        else Best(parameters=best["settings"], score=best["score"], metrics=best["figures"])
    )


HANDLERS = [create, list_searches, get_search, cancel, results]
