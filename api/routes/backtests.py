"""``/api/v1/backtests``: TradAI's jobs and Mangrove's runs, one queue behind both."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import get, post
from litestar.params import FromPath, QueryParameter

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
    JobPage,
    OneJob,
    Row,
    Submitted,
    listed,
    metrics_of,
    one,
    row,
    seconds,
    stamp,
    word,
)
from api.shapes.base import Shape
from db.jobs import ending, follow, queue, reads
from db.jobs.rows import Job
from db.jobs.states import Status
from db.jobs.submit import Submission, submit
from openoutcry.errors import BadInput
from openoutcry.types.frozen import Frozen
from wire.clock import WallClock

KIND = "backtest"
WAIT_S = 60.0
RETRY_S = 5
MOST_TRADES = 100_000
UNPROCESSABLE = frozenset({"capital", "leverage"})
CODES = (
    ("date_range", "VAL001"),
    ("symbol", "VAL002"),
    ("timeframe", "VAL003"),
    ("capital", "VAL005"),
    ("leverage", "VAL005"),
)
Limit = Annotated[
    int, QueryParameter(ge=1, le=100, description="At most this many (default 20).", required=False)
]
Cursor = Annotated[
    str | None, QueryParameter(description="As the page before named it.", required=False, max_length=200)
]
OneStatus = Annotated[
    str | None, QueryParameter(description="QUEUED, RUNNING, COMPLETED, FAILED or CANCELLED.", required=False)
]
EXAMPLE = {
    "strategy_config": {"name": "sma_cross", "version": "latest", "parameters": {"window_slow": 60}},
    "date_range": {"start": "2024-01-01T00:00:00Z", "end": "2024-12-31T23:59:59Z"},
    "exchange": "binance_futures", "timeframe": "1h", "capital": 10000, "leverage": 1.0,
}  # fmt: skip


class BacktestWish(Body, frozen=True, kw_only=True):
    """TradAI's body names ``strategy_config``, Mangrove's ``strategy_json`` or ``strategy_id``; each has its own fields
    (docs/jobs.md)."""

    strategy_config: dict[str, Any] | None = None
    date_range: dict[str, Any] | None = None
    exchange: str | None = None
    timeframe: str | None = None
    capital: float | None = None
    leverage: float | None = None
    strategy_json: str | None = None
    strategy_id: str | None = None


class Wanted(Frozen):
    """A body as it was sent, for Idempotency-Key."""

    body: dict[str, Any]


class Ran(Shape, frozen=True, kw_only=True):
    """A run that has ended; ``metrics`` has drawdown as a positive fraction."""

    success: bool
    backtest_id: UUID
    metrics: dict[str, Any] | None
    trade_history: list[Row]
    trade_count: int
    execution_time_seconds: float | None
    strategy_names: list[str]
    error: str | None


class CurvePoint(Shape, frozen=True, kw_only=True):
    """The account at one bar; ``drawdown_percent`` is 0 at a high and negative below it."""

    timestamp: datetime
    portfolio_value: float
    drawdown_percent: float


class EquityCurve(Shape, frozen=True, kw_only=True):
    """The account over time."""

    equity_curve: list[CurvePoint]


class ReportTrade(Shape, frozen=True, kw_only=True):
    """A trade of a report."""

    entry_time: datetime
    exit_time: datetime
    symbol: str
    side: str
    entry_price: float
    exit_price: float
    pnl: float


class ReportData(Shape, frozen=True, kw_only=True):
    """What a report is made of; the charts are parts of the HTML report."""

    summary: dict[str, str]
    metrics: dict[str, Any]
    trades: list[ReportTrade]
    charts: dict[str, str]


class Trades(Shape, frozen=True, kw_only=True):
    """Every closed trade of a run."""

    success: bool
    backtest_id: UUID
    trade_count: int
    trades: list[Row]


class Started(Shape, frozen=True, kw_only=True):
    """A run that has begun."""

    backtest_id: UUID
    status: str


class RunStatus(Shape, frozen=True, kw_only=True):
    """A run; ``status`` is running, completed or failed."""

    backtest_id: UUID
    status: Literal["running", "completed", "failed"]
    metrics: dict[str, Any] | None
    trade_history: list[Row]
    error_message: str | None
    execution_time_seconds: float | None
    created_at: datetime
    completed_at: datetime | None


@post(
    "/api/v1/backtests", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=BacktestWish, example=EXAMPLE, idempotent=True,
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
    body=BacktestWish, idempotent=True, status_code=200,
)  # fmt: skip
async def create_by_its_old_name(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Run a backtest, by the path that older clients know."""
    body = await read_object(request)
    return await once(request, floor, Wanted(body=body), lambda name: _ran(request, floor, body, name), 200)


@get("/api/v1/backtests", tags=["backtests"], permission="strategy:read")
async def list_backtests(
    request: AnyRequest,
    floor: TheFloor,
    limit: Limit = 20,
    cursor: Cursor = None,
    status_param: OneStatus = None,
    status: OneStatus = None,
) -> JobPage:
    """Backtests, newest first."""
    wanted = _status(status_param or status, "status_param" if status_param else "status")
    org_id = caller_of(request).org_id
    found = await reads.page(floor.pool, org_id, kind=KIND, status=wanted, cursor=cursor, limit=limit)
    return JobPage(jobs=[listed(job) for job in found.jobs], cursor=found.cursor, total=found.total)


@get("/api/v1/backtests/{job_id:str}", tags=["backtests"], permission="strategy:read")
async def get_backtest(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> OneJob:
    """One backtest: how far it is, and its result once it has one."""
    job = await _job(request, floor, job_id)
    return one(job, await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES))


@post(
    "/api/v1/backtests/{job_id:str}/cancel", tags=["backtests"], role="trader", permission="backtest:create",
    status_code=200,
)  # fmt: skip
async def cancel(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> OneJob:
    """Cancel a backtest; what computes it stops within about a second."""
    job = await _job(request, floor, job_id)
    done = await ending.cancel(floor.pool, job.org_id, job.id)
    if job.over or not done.updated:
        raise Failure(
            409,
            "backtest is over",
            code="JOB_TERMINAL",
            details=f"it is {done.status}",
            job_id=str(job.id),
        )
    return one(await _job(request, floor, job_id), [])


@get("/api/v1/backtests/{job_id:str}/equity", tags=["backtests"], permission="strategy:read")
async def equity(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> EquityCurve:
    """The account over time."""
    job = await _completed(request, floor, job_id)
    found = await reads.curve(floor.pool, job.org_id, job.id)
    rows = [] if found is None else zip(found.at_ms, found.equity, found.drawdown, strict=True)
    return EquityCurve(
        equity_curve=[
            CurvePoint(timestamp=stamp(at), portfolio_value=value, drawdown_percent=-100.0 * fall or 0.0)
            for at, value, fall in rows
        ]
    )


@get("/api/v1/backtests/{job_id:str}/report-data", tags=["backtests"], permission="strategy:read")
async def report_data(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> ReportData:
    """What a report is made of."""
    job = await _completed(request, floor, job_id)
    found = one(job, [])
    trades = await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES)
    summary, metrics = found.result, metrics_of(job) or {}
    address = f"/api/v1/backtests/{job.id}/report"
    return ReportData(
        summary={"strategy": job.name, "version": job.version, "period": _period(job.request)},
        metrics={
            **metrics,
            "max_drawdown": None if summary is None else summary.max_drawdown,
            "trades": metrics.get("total_trades"),
        },
        trades=[
            ReportTrade(
                entry_time=t.entry_at, exit_time=t.exit_at, symbol=t.symbol, side=t.side, entry_price=t.entry_price,
                exit_price=t.exit_price, pnl=t.profit_loss,
            )
            for t in trades
        ],
        charts={"equity_curve_url": f"{address}#equity", "drawdown_url": f"{address}#drawdown", "report_url": address},
    )  # fmt: skip


@get(
    "/api/v1/backtests/{job_id:str}/report",
    tags=["backtests"],
    permission="strategy:read",
    media_type="text/html",
)
async def report(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Answer[str]:
    """The HTML report: one page that needs nothing else."""
    job = await _completed(request, floor, job_id)
    html = await reads.report(floor.pool, job.org_id, job.id)
    if html is None:
        raise Failure(404, "this backtest left no report", job_id=str(job.id))
    policy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; sandbox allow-scripts"
    return Answer(html, media_type="text/html", headers={"Content-Security-Policy": policy})


@get("/api/v1/backtests/{job_id:str}/trades", tags=["backtests"], permission="strategy:read")
async def trades(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Trades:
    """Every closed trade."""
    job = await _completed(request, floor, job_id)
    found = await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES)
    rows = [row(trade, job.name) for trade in found]
    return Trades(success=True, backtest_id=job.id, trade_count=len(rows), trades=rows)


@post(
    "/api/v2/backtests", tags=["backtests"], role="trader", permission="backtest:create", haste="backtests",
    body=BacktestWish, idempotent=True, status_code=202,
)  # fmt: skip
async def start(request: AnyRequest, floor: TheFloor) -> Answer[Any]:
    """Begin a run and answer at once."""
    body = await read_object(request)

    async def work(name: str | None) -> Started:
        return Started(backtest_id=await _queue(request, floor, body, name), status="running")

    return await once(request, floor, Wanted(body=body), work, 202)


@get("/api/v2/backtests/{backtest_id:str}/status", tags=["backtests"], permission="strategy:read")
async def run_status(request: AnyRequest, floor: TheFloor, backtest_id: FromPath[str]) -> RunStatus:
    """A run, and its result once it has one."""
    job = await _job(request, floor, backtest_id)
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
    caller, wanted = caller_of(request), await _wanted(request, floor, body)
    org_id = caller.org_id
    async with floor.doorman.pool.acquire() as connection:
        if not await queue.workers(connection):
            raise _warming("no worker takes jobs at the moment", None)
    job_id = await submit(floor.pool, org_id, wanted, caller.name, once=name)
    job: Job | None = None
    try:
        async with asyncio.timeout(WAIT_S):
            async for seen in follow.follow(floor.pool, floor.listening, org_id, job_id):
                job = seen
    except TimeoutError:
        raise _warming("it is still running", job_id) from None
    assert job is not None
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
    wanted = await _wanted(request, floor, body)
    return await submit(floor.pool, caller.org_id, wanted, caller.name, once=name)


async def _wanted(request: AnyRequest, floor: Floor, body: dict[str, Any]) -> Submission:
    org_id = caller_of(request).org_id
    try:
        return await submission(floor.pool, org_id, home_of(floor), body, WallClock().now())
    except BadInput as error:
        raise _explained(error) from error


def _explained(error: BadInput) -> Failure:
    """400, or 422 for capital and leverage, with TradAI's code for what is wrong."""
    field = error.field or ""
    code = next(
        (code for part, code in CODES if part in field), "VAL004" if "is missing" in str(error) else "VAL006"
    )
    status = 422 if field in UNPROCESSABLE else 400
    return Failure(status, "invalid request body", code=code, details=str(error), field=error.field)


def _warming(why: str, job_id: UUID | None) -> Failure:
    extra: dict[str, Any] = {} if job_id is None else {"backtest_id": str(job_id)}
    return Failure(
        503, "the engine is busy", code="ENGINE_WARMING", details=why, headers={"Retry-After": str(RETRY_S)},
        retry_after=RETRY_S, error_code="ENGINE_WARMING", **extra,
    )  # fmt: skip


async def _job(request: AnyRequest, floor: Floor, text: str) -> Job:
    job_id = read_id(text, "job")
    job = await reads.get(floor.pool, caller_of(request).org_id, job_id)
    if job is None or job.kind != KIND:
        raise Failure(404, f"Backtest job '{text}' not found", job_id=text)
    return job


async def _completed(request: AnyRequest, floor: Floor, text: str) -> Job:
    job = await _job(request, floor, text)
    if job.status != "COMPLETED":
        raise Failure(
            409,
            "backtest is not completed",
            code="BACKTEST_NOT_COMPLETED",
            details=f"it is {job.status}",
        )
    return job


def _status(text: str | None, field: str) -> Status | None:
    for status in ("QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"):
        if text is not None and text.upper() == status:
            return status
    if text is not None:
        raise BadInput(f"{field}: {text[:40]!r} is no status", field=field)
    return None


def _period(request: Mapping[str, Any]) -> str:
    return f"{str(request.get('start', ''))[:10]} to {str(request.get('end', ''))[:10]}"


HANDLERS = [
    create, create_by_its_old_name, list_backtests, get_backtest, cancel, equity, report_data, report, trades, start, run_status,
]  # fmt: skip
