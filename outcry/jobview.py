"""A job as a person and a program see it on the command line."""

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table

from db.jobs.rows import Job, Trade

MARK = {"PASS": "[green]pass[/]", "WARN": "[yellow]warn[/]", "FAIL": "[red]FAIL[/]"}
COLOUR = {
    "QUEUED": "dim", "RUNNING": "cyan", "COMPLETED": "green", "FAILED": "red", "CANCELLED": "yellow",
}  # fmt: skip
FIGURES = ("total_return", "sharpe_ratio", "max_drawdown", "total_trades", "win_rate", "profit_factor")


def summary(job: Job) -> dict[str, Any]:
    """What lists show, as plain data."""
    return {
        "job_id": str(job.id),
        "kind": job.kind,
        "name": job.name,
        "version": job.version,
        "status": job.status,
        "progress": {
            "current": job.progress_current,
            "total": job.progress_total,
            "percentage": job.percentage,
        },
        "message": job.message,
        "error": job.error,
        "created_at": _iso(job.created_at),
        "started_at": _iso(job.started_at),
        "completed_at": _iso(job.finished_at),
        "requested_by": job.requested_by,
    }


def full(job: Job) -> dict[str, Any]:
    """Everything of a job but its curve, trades and report, as plain data."""
    return {
        **summary(job),
        "request": job.request,
        "preflight": job.preflight,
        "warnings": job.warnings,
        "result": job.result,
        "timings": job.timings,
        "timeout_s": job.timeout_s,
        "attempt": job.attempt,
        "worker": job.worker,
    }


def listed(jobs: list[Job], total: int, width: int | None) -> None:
    """Print a table of jobs."""
    table = Table(box=None, pad_edge=False, padding=(0, 1))
    for name in ("job", "kind", "name", "status", "", "created"):
        table.add_column(name, no_wrap=True)
    for job in jobs:
        table.add_row(
            str(job.id), job.kind, job.name[:30], f"[{COLOUR[job.status]}]{job.status}[/]", _news(job),
            f"{job.created_at:%Y-%m-%d %H:%M}",
        )  # fmt: skip
    console = Console(highlight=False, width=width)
    console.print(table)
    if total > len(jobs):
        console.print(f"[dim]{len(jobs)} of {total}; see --cursor and --limit[/]")


def told(job: Job, console: Console) -> None:
    """Print one job: how it stands, what was checked, what came of it."""
    console.print(f"[bold]{job.name}[/] {job.version} · {job.kind} · [{COLOUR[job.status]}]{job.status}[/]")
    console.print(
        f"[dim]{job.id} · asked for by {job.requested_by} at {job.created_at:%Y-%m-%d %H:%M} UTC[/]"
    )
    if not job.over:
        console.print(f"{job.percentage} %  {job.message}", markup=False)
    for check in (job.preflight or {}).get("checks", ()):
        console.print(f"  {MARK[check['verdict']]}  {check['name']:<14}", end="")
        console.print(check["message"], markup=False)
    if job.error:
        console.print("[red]failed[/] ", end="")
        console.print(job.error, markup=False)
    if job.result is not None:
        metrics = job.result.get("metrics", job.result)
        console.print("  ".join(f"{name} {_figure(metrics[name])}" for name in FIGURES if name in metrics))
    for warning in job.warnings:
        console.print("[yellow]![/] ", end="")
        console.print(warning["message"], markup=False)


def trade(row: Trade) -> dict[str, Any]:
    """A trade as the results carry it."""
    return {
        "trade_id": row.number,
        "outcome": row.outcome,
        "profit_loss": row.profit_loss,
        "asset": row.symbol,
        "side": row.side,
        "entry_price": row.entry_price,
        "exit_price": row.exit_price,
        "position_size": row.quantity,
        "entry_timestamp": _iso(row.entry_at),
        "exit_timestamp": _iso(row.exit_at),
        "exit_reason": row.exit_reason,
        "stop_loss_price": row.stop_loss_price,
        "take_profit_price": row.take_profit_price,
        "fees": row.fees,
        "funding": row.funding,
    }


def _news(job: Job) -> str:
    if job.status in ("QUEUED", "RUNNING"):
        return f"{job.percentage} % {job.message[:40]}".replace("[", "\\[")
    if job.result is not None:
        metrics = job.result.get("metrics", job.result)
        shown = [f"{name} {_figure(metrics[name])}" for name in FIGURES[:4] if name in metrics]
        return "  ".join(shown)
    return (job.error or "")[:60].replace("[", "\\[")


def _figure(value: Any) -> str:
    return "–" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat().replace("+00:00", "Z")
