"""``/api/v1/backtests``: how backtests go, and what they left."""

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.cursors import Cursors
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import kept
from api.params import one_of
from api.requests import AnyRequest
from api.routes.backtest_runs import KIND, job_of
from api.shapes.backtests import (
    MOST_TRADES,
    BacktestCurve,
    CurvePoint,
    JobPage,
    OneJob,
    ReportData,
    ReportTrade,
    Trades,
    listed,
    metrics_of,
    one,
    row,
    stamp,
)
from db.jobs import ending, reads
from db.jobs.rows import Job
from db.jobs.states import Status
from openoutcry.errors import BadInput

JOB_STATES: tuple[Status, ...] = get_args(Status)

Limit = Annotated[
    int, QueryParameter(ge=1, le=100, description="At most this many (default 20).", required=False)
]
Cursor = Annotated[
    str | None, QueryParameter(description="As the page before named it.", required=False, max_length=200)
]
OneStatus = Annotated[str | None, one_of(JOB_STATES)]


@get("/api/v1/backtests", tags=["backtests"], permission="strategy:read")
async def list_backtests(
    request: AnyRequest,
    floor: TheFloor,
    limit: Limit = 20,
    cursor: Cursor = None,
    status_param: OneStatus = None,
    status: OneStatus = None,
    include_archived: Annotated[
        bool, QueryParameter(description="Those that were put away too.", required=False)
    ] = False,
) -> JobPage:
    """Backtests, newest first."""
    wanted = read_status(status_param or status, "status_param" if status_param else "status")
    org_id = caller_of(request).org_id
    cursors = await Cursors.of(request, floor, {"status": wanted, "archived": include_archived})
    found = await reads.page(
        floor.pool,
        org_id,
        kind=KIND,
        status=wanted,
        cursor=cursors.opened(cursor),
        limit=limit,
        archived=include_archived,
    )
    return JobPage(
        jobs=[listed(job) for job in found.jobs], cursor=cursors.sealed(found.cursor), total=found.total
    )


@get("/api/v1/backtests/{job_id:str}", tags=["backtests"], permission="strategy:read")
async def get_backtest(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> OneJob:
    """One backtest: how far it is, and its result once it has one."""
    job = await job_of(request, floor, job_id)
    return one(job, await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES))


@post(
    "/api/v1/backtests/{job_id:str}/cancel", tags=["backtests"], idempotent=True, role="trader", permission="backtest:create",
    status_code=200,
)  # fmt: skip
@kept
async def cancel(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> OneJob:
    """Cancel a backtest; what computes it stops within about a second."""
    job = await job_of(request, floor, job_id)
    done = await ending.cancel(floor.pool, job.org_id, job.id)
    if job.over or not done.updated:
        raise Failure(
            409,
            "backtest is over",
            code="JOB_TERMINAL",
            details=f"it is {done.status}",
            job_id=str(job.id),
        )
    return one(await job_of(request, floor, job_id), [])


@get("/api/v1/backtests/{job_id:str}/equity", tags=["backtests"], permission="strategy:read", errors=(409,))
async def equity(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> BacktestCurve:
    """The account over time."""
    job = await _completed(request, floor, job_id)
    found = await reads.curve(floor.pool, job.org_id, job.id)
    rows = [] if found is None else zip(found.at_ms, found.equity, found.drawdown, strict=True)
    return BacktestCurve(
        equity_curve=[
            CurvePoint(timestamp=stamp(at), portfolio_value=value, drawdown_percent=-100.0 * fall or 0.0)
            for at, value, fall in rows
        ]
    )


@get(
    "/api/v1/backtests/{job_id:str}/report-data",
    tags=["backtests"],
    permission="strategy:read",
    errors=(409,),
)
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
    errors=(409,),
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


@get("/api/v1/backtests/{job_id:str}/trades", tags=["backtests"], permission="strategy:read", errors=(409,))
async def trades(request: AnyRequest, floor: TheFloor, job_id: FromPath[str]) -> Trades:
    """Every closed trade."""
    job = await _completed(request, floor, job_id)
    found = await reads.trades(floor.pool, job.org_id, job.id, limit=MOST_TRADES)
    rows = [row(trade, job.name) for trade in found]
    return Trades(success=True, backtest_id=job.id, trade_count=len(rows), trades=rows)


async def _completed(request: AnyRequest, floor: Floor, text: str) -> Job:
    job = await job_of(request, floor, text)
    if job.status != "COMPLETED":
        raise Failure(
            409,
            "backtest is not completed",
            code="BACKTEST_NOT_COMPLETED",
            details=f"it is {job.status}",
        )
    return job


def read_status(text: str | None, field: str) -> Status | None:
    """The ``status`` filter, in any case. Raises BadInput naming ``field``."""
    for status in JOB_STATES:
        if text is not None and text.upper() == status:
            return status
    if text is not None:
        raise BadInput(f"{field}: {text[:40]!r} is no status", field=field)
    return None


def _period(request: Mapping[str, Any]) -> str:
    return f"{str(request.get('start', ''))[:10]} to {str(request.get('end', ''))[:10]}"


HANDLERS = [list_backtests, get_backtest, cancel, equity, report_data, report, trades]
