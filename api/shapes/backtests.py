"""A backtest job as each product's document prints it."""

from datetime import UTC, datetime
from typing import Any, Literal, cast
from uuid import UUID

from api.shapes.base import Shape
from api.shapes.described import Checks, Doubt, Figures
from db.jobs.rows import Job, Trade

MOST_TRADES = 100_000
"""Trades that one answer carries."""
RUNNING_WORDS = {"QUEUED": "running", "RUNNING": "running", "COMPLETED": "completed"}


class Progress(Shape, frozen=True, kw_only=True):
    """How far it is."""

    current: int
    total: int
    percentage: int


class Summary(Shape, frozen=True, kw_only=True):
    """The result in a list; ``max_drawdown`` is a negative fraction here."""

    total_return: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    trades_count: int | None
    win_rate: float | None
    profit_factor: float | None


class Submitted(Shape, frozen=True, kw_only=True):
    """A job that waits for a worker."""

    job_id: UUID
    status: str
    created_at: datetime


class Listed(Shape, frozen=True, kw_only=True):
    """A job in a list."""

    job_id: UUID
    status: str
    strategy_name: str
    strategy_version: str
    created_at: datetime
    completed_at: datetime | None
    result: Summary | None


class JobPage(Shape, frozen=True, kw_only=True):
    """Jobs, newest first; ``cursor`` is null on the last page."""

    jobs: list[Listed]
    cursor: str | None
    total: int


class Row(Shape, frozen=True, kw_only=True):
    """One closed trade, net of its costs."""

    trade_id: int
    outcome: str
    profit_loss: float
    asset: str
    side: str
    entry_price: float
    exit_price: float
    position_size: float
    entry_timestamp: datetime
    exit_timestamp: datetime
    exit_reason: str
    stop_loss_price: float | None
    take_profit_price: float | None
    strategy: str
    fees: float
    funding: float


class OneJob(Shape, frozen=True, kw_only=True):
    """A job, in the words of both products. ``metrics`` has ``max_drawdown`` as a positive fraction, ``result`` negative."""

    job_id: UUID
    id: UUID
    backtest_id: UUID
    status: str
    success: bool
    strategy_name: str
    strategy_version: str
    created_at: datetime
    completed_at: datetime | None
    progress: Progress
    message: str
    result: Summary | None
    metrics: Figures | None
    trade_history: list[Row]
    config: dict[str, Any]
    preflight: Checks | None
    warnings: list[Doubt]
    error: str | None
    error_message: str | None
    execution_time_seconds: float | None
    archived: bool
    archived_at: datetime | None


class Ran(Shape, frozen=True, kw_only=True):
    """A run that has ended; ``metrics`` has drawdown as a positive fraction."""

    success: bool
    backtest_id: UUID
    metrics: Figures | None
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


class BacktestCurve(Shape, frozen=True, kw_only=True):
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
    metrics: Figures
    trades: list[ReportTrade]
    charts: dict[str, str]


class Trades(Shape, frozen=True, kw_only=True):
    """Every closed trade of a run."""

    success: bool
    backtest_id: UUID
    trade_count: int
    trades: list[Row]


class RunStarted(Shape, frozen=True, kw_only=True):
    """A run that has begun."""

    backtest_id: UUID
    status: str


class RunStatus(Shape, frozen=True, kw_only=True):
    """A run; ``status`` is running, completed or failed."""

    backtest_id: UUID
    status: Literal["running", "completed", "failed"]
    metrics: Figures | None
    trade_history: list[Row]
    error_message: str | None
    execution_time_seconds: float | None
    created_at: datetime
    completed_at: datetime | None


def metrics_of(job: Job) -> dict[str, Any] | None:
    """The figures of a completed job."""
    if job.result is None:
        return None
    found: dict[str, Any] = job.result.get("metrics", job.result)
    return found


def summary(job: Job) -> Summary | None:
    """The six figures of a list."""
    found = metrics_of(job)
    if found is None:
        return None
    fall = found.get("max_drawdown")
    return Summary(
        total_return=found.get("total_return"),
        sharpe_ratio=found.get("sharpe_ratio"),
        max_drawdown=None if fall is None else -fall or 0.0,
        trades_count=found.get("total_trades"),
        win_rate=found.get("win_rate"),
        profit_factor=found.get("profit_factor"),
    )


def listed(job: Job) -> Listed:
    """A job in a list."""
    return Listed(
        job_id=job.id,
        status=job.status,
        strategy_name=job.name,
        strategy_version=job.version,
        created_at=job.created_at,
        completed_at=job.finished_at,
        result=summary(job),
    )


def seconds(job: Job) -> float | None:
    """How long the work took, from its start to its end."""
    if job.started_at is None or job.finished_at is None:
        return None
    return round((job.finished_at - job.started_at).total_seconds(), 3)


def one(job: Job, trades: list[Trade]) -> OneJob:
    """Everything of a job but its curve and report."""
    return OneJob(
        job_id=job.id,
        id=job.id,
        backtest_id=job.id,
        status=job.status,
        success=job.status not in ("FAILED", "CANCELLED"),
        strategy_name=job.name,
        strategy_version=job.version,
        created_at=job.created_at,
        completed_at=job.finished_at,
        progress=progress(job),
        message=job.message,
        result=summary(job),
        metrics=metrics_of(job),
        trade_history=[row(trade, job.name) for trade in trades],
        config=job.request,
        preflight=cast("Checks | None", job.preflight),
        warnings=cast("list[Doubt]", job.warnings),
        error=job.error,
        error_message=job.error,
        execution_time_seconds=seconds(job),
        archived=job.archived_at is not None,
        archived_at=job.archived_at,
    )


def progress(job: Job) -> Progress:
    """How far it is."""
    return Progress(current=job.progress_current, total=job.progress_total, percentage=job.percentage)


def row(trade: Trade, strategy: str) -> Row:
    """A trade of the trade history."""
    return Row(
        trade_id=trade.number,
        outcome=trade.outcome,
        profit_loss=trade.profit_loss,
        asset=trade.symbol,
        side=trade.side,
        entry_price=trade.entry_price,
        exit_price=trade.exit_price,
        position_size=trade.quantity,
        entry_timestamp=trade.entry_at,
        exit_timestamp=trade.exit_at,
        exit_reason=trade.exit_reason,
        stop_loss_price=trade.stop_loss_price,
        take_profit_price=trade.take_profit_price,
        strategy=strategy,
        fees=trade.fees,
        funding=trade.funding,
    )


def stamp(ms: int) -> datetime:
    """UTC of epoch milliseconds."""
    return datetime.fromtimestamp(ms / 1000, tz=UTC)


def word(job: Job) -> str:
    """Mangrove's lower-case status: running, completed or failed."""
    return RUNNING_WORDS.get(job.status, "failed")
