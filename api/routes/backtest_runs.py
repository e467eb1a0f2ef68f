"""Handing in backtests: TradAI's jobs, Mangrove's runs, one queue behind both."""

from typing import Any
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath

from api.access import caller_of
from api.backtesting import submission
from api.bodies import Body, read_object
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.market import home_of
from api.params import read_id
from api.requests import AnyRequest
from api.shapes.backtests import (
    MOST_TRADES,
    Ran,
    RunStarted,
    RunStatus,
    Submitted,
    metrics_of,
    row,
    seconds,
    word,
)
from api.shapes.described import ChosenStrategy, DateRange, ExecutionConfig, Params
from api.waiting import ended, somebody_works
from db.jobs import reads
from db.jobs.rows import Job
from db.jobs.submit import Submission, submit
from openoutcry.errors import BadInput
from openoutcry.types.frozen import Frozen
from wire.clock import WallClock

KIND = "backtest"
WAIT_S = 60.0
RETRY_S = 5
UNPROCESSABLE = frozenset({"capital", "leverage"})
CODES = (
    ("date_range", "VAL001"), ("symbol", "VAL002"), ("timeframe", "VAL003"), ("capital", "VAL005"), ("leverage", "VAL005"),
)  # fmt: skip
EXAMPLE = {
    "strategy_config": {"name": "sma_cross", "version": "latest", "parameters": {"entry[0].params.window_slow": 60}},
    "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"},
    "exchange": "binance_futures", "timeframe": "1h", "capital": 10000, "leverage": 1.0,
}  # fmt: skip

RUN = {"strategy_id": "3f2b8c1e-6a4d-5e9f-8b7a-0c1d2e3f4a5b", "lookback_months": 3}


class BacktestWish(Body, frozen=True, kw_only=True):
    """TradAI's body names ``strategy_config``, Mangrove's ``strategy_json`` or ``strategy_id``; which of the other fields
    belong to which says docs/jobs.md."""

    strategy_config: ChosenStrategy | None = None
    date_range: DateRange | None = None
    exchange: str | None = None
    timeframe: str | None = None
    capital: float | None = None
    leverage: float | None = None
    stake_amount: float | None = None
    stoploss: float | None = None
    strategy_version: str | None = None
    config_version_id: str | None = None
    strategy_json: str | None = None
    strategy_id: str | None = None
    asset: str | None = None
    interval: str | None = None
    start: str | None = None
    start_date: str | None = None
    end: str | None = None
    end_date: str | None = None
    lookback_months: int | None = None
    data_source: str | None = None
    symbols: list[str] | None = None
    fee_pct: float | None = None
    slippage_pct: float | None = None
    execution_config: ExecutionConfig | None = None
    fills: Params | None = None
    seed: int | None = None
    strict: bool | None = None


class Wanted(Frozen):
    """A body as it was sent, for Idempotency-Key."""

    body: dict[str, Any]


@post(
    "/api/v1/backtests", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=BacktestWish, example=EXAMPLE, idempotent=True, errors=(404, 422), answers={200: Ran, 201: Submitted},
)  # fmt: skip
async def create(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Queue a backtest (`strategy_config`, answered 201 at once), or run one (`strategy_json` or `strategy_id`, answered
    200 when it has ended)."""
    body = await read_object(request)
    if "strategy_config" in body:
        return await once(
            request, floor, Wanted(body=body), lambda name: _submitted(request, floor, body, name), 201
        )
    return await once(request, floor, Wanted(body=body), lambda name: _ran(request, floor, body, name), 200)


@post(
    "/api/v1/backtesting/backtest", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=BacktestWish, example=RUN, idempotent=True, status_code=200, errors=(404, 422), answers={200: Ran},
)  # fmt: skip
async def create_by_its_old_name(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Run a backtest, by the path that older clients know."""
    body = await read_object(request)
    return await once(request, floor, Wanted(body=body), lambda name: _ran(request, floor, body, name), 200)


@post(
    "/api/v2/backtests", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=BacktestWish, example=RUN, idempotent=True, status_code=202, errors=(404, 422), answers={202: RunStarted},
)  # fmt: skip
async def start(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Begin a run and answer at once."""
    body = await read_object(request)

    async def work(name: str | None) -> RunStarted:
        return RunStarted(backtest_id=await _queue(request, floor, body, name), status="running")

    return await once(request, floor, Wanted(body=body), work, 202)


@get("/api/v2/backtests/{backtest_id:str}/status", tags=["backtests"], permission="strategy:read")
async def run_status(request: AnyRequest, floor: TheFloor, backtest_id: FromPath[str]) -> RunStatus:
    """A run, and its result once it has one."""
    job = await job_of(request, floor, backtest_id)
    found = await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES)
    return RunStatus(
        backtest_id=job.id,
        status=word(job),  # type: ignore[arg-type]  # one of the three
        metrics=metrics_of(job),
        trade_history=[row(trade, job.name) for trade in found],
        error_message=job.error,
        execution_time_seconds=seconds(job),
        created_at=job.created_at,
        completed_at=job.finished_at,
    )


async def _submitted(request: AnyRequest, floor: Floor, body: dict[str, Any], name: str | None) -> Submitted:
    job_id = await _queue(request, floor, body, name)
    job = await reads.get(floor.pool, caller_of(request).org_id, job_id)
    assert job is not None
    return Submitted(job_id=job.id, status=job.status, created_at=job.created_at)


async def _ran(request: AnyRequest, floor: Floor, body: dict[str, Any], name: str | None) -> Ran:
    """Queue it and wait for its end. Raises Failure 503 while there is no worker, or when it takes too long."""
    caller, wanted = caller_of(request), await wanted_of(request, floor, body)
    org_id = caller.org_id
    if not await somebody_works(floor):
        raise warming("no worker takes jobs at the moment", None)
    job_id = await submit(floor.pool, org_id, wanted, caller.name, once=name)
    job = await ended(floor, org_id, job_id, WAIT_S)
    if not job.over:
        raise warming("it is still running", job_id)
    if job.status == "FAILED" and "warm_up" in (job.error or ""):
        raise Failure(
            422,
            "insufficient history",
            code="INSUFFICIENT_HISTORY",
            details=job.error,
            backtest_id=str(job.id),
        )
    found = await reads.trades(floor.pool, org_id, job_id, limit=MOST_TRADES)
    return Ran(
        success=job.status == "COMPLETED",
        backtest_id=job.id,
        metrics=metrics_of(job),
        trade_history=[row(trade, job.name) for trade in found],
        trade_count=len(found),
        execution_time_seconds=seconds(job),
        strategy_names=[job.name],
        error=job.error,
    )


async def _queue(request: AnyRequest, floor: Floor, body: dict[str, Any], name: str | None) -> UUID:
    caller = caller_of(request)
    wanted = await wanted_of(request, floor, body)
    return await submit(floor.pool, caller.org_id, wanted, caller.name, once=name)


async def wanted_of(request: AnyRequest, floor: Floor, body: dict[str, Any]) -> Submission:
    """The job a body asks for. Raises Failure as both documents have it, NotFound for a strategy that is not there."""
    org_id = caller_of(request).org_id
    if "strategy_config" not in body:  # Mangrove's body: without an exchange the floor's own is meant
        body = {**body, "exchange": body.get("exchange") or floor.run.exchange}
    try:
        return await submission(
            floor.pool, org_id, home_of(floor), body, WallClock().now(), traded=floor.run.symbols
        )
    except BadInput as error:
        raise explained(error) from error


def explained(error: BadInput) -> Failure:
    """400, or 422 for capital and leverage, with TradAI's code for what is wrong."""
    field = error.field or ""
    code = next(
        (code for part, code in CODES if part in field), "VAL004" if "is missing" in str(error) else "VAL006"
    )
    status = 422 if field in UNPROCESSABLE else 400
    return Failure(status, "invalid request body", code=code, details=str(error), field=error.field)


def warming(why: str, job_id: UUID | None) -> Failure:
    """503 while nobody can run it, or it takes longer than a request waits."""
    extra: dict[str, Any] = {} if job_id is None else {"backtest_id": str(job_id)}
    return Failure(
        503, "the engine is busy", code="ENGINE_WARMING", details=why, headers={"Retry-After": str(RETRY_S)},
        retry_after=RETRY_S, error_code="ENGINE_WARMING", **extra,
    )  # fmt: skip


async def job_of(request: AnyRequest, floor: Floor, text: str) -> Job:
    job_id = read_id(text, "job")
    job = await reads.get(floor.pool, caller_of(request).org_id, job_id)
    if job is None or job.kind != KIND:
        raise Failure(404, f"Backtest job '{text}' not found", job_id=text)
    return job


HANDLERS = [create, create_by_its_old_name, start, run_status]
