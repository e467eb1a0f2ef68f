"""``outcry jobs``: backtests and other jobs that workers do."""

import asyncio
import json
import os
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar
from uuid import UUID

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder

if TYPE_CHECKING:
    import asyncpg

    from db.jobs.rows import Job

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
ORG = UUID(DEFAULT_ORG)
WIDE = 180
EXIT_FAILED = 1
EXIT_STATE = 3
Status = Literal["QUEUED", "RUNNING", "COMPLETED", "FAILED", "CANCELLED"]
JobArgument = Annotated[str, typer.Argument(metavar="ID", help="a job's id, or `last`")]


@app.callback()
def group() -> None:
    """Backtests and other jobs: hand in, watch, cancel, fetch results. `outcry worker` and `outcry up` do them."""


@app.command()
def submit(
    strategy: Annotated[
        str | None,
        typer.Argument(help="a strategy's name, NAME@VERSION of the registry, or a .yaml or .json file"),
    ] = None,
    symbol: Annotated[
        list[str] | None,
        typer.Option(help="BTC/USDT; again for more, which share the capital [default: the strategy's]"),
    ] = None,
    exchange: Annotated[str | None, typer.Option(help="whose candles [default: binance]")] = None,
    timeframe: Annotated[str | None, typer.Option(help="bar length [default: the strategy's]")] = None,
    start: Annotated[str | None, typer.Option("--from", help="first day or instant (ISO, UTC)")] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="last day, included, or instant [default: now]")
    ] = None,
    months: Annotated[int | None, typer.Option(help="so many months up to --to, in place of --from")] = None,
    capital: Annotated[float | None, typer.Option(help="cash at the start")] = None,
    leverage: Annotated[float | None, typer.Option(help="of a perpetual, 1 to 125")] = None,
    fee: Annotated[float | None, typer.Option(help="fraction of each fill, 0.001 is 0.1 %")] = None,
    slippage: Annotated[float | None, typer.Option(help="largest slippage of a fill, a fraction")] = None,
    seed: Annotated[int | None, typer.Option(help="seed of the slippage")] = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", help="NAME=VALUE of the strategy or its execution; again for more"),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="a warning of the checks stops the run")] = False,
    timeout: Annotated[int, typer.Option(help="seconds it may run")] = 7200,
    request: Annotated[
        Path | None,
        typer.Option(help="a whole request as the API takes it, JSON or YAML, in place of all these"),
    ] = None,
    wait: Annotated[
        bool, typer.Option("--wait", help="watch it to its end; exit 1 unless it completes")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Hand in a backtest. Prints the job's id; `--wait` shows progress and the result."""
    fields = {
        "symbols": symbol or None, "exchange": exchange, "interval": timeframe, "start": start, "end": end,
        "lookback_months": months, "initial_balance": capital, "leverage": leverage, "fee_pct": fee,
        "slippage_pct": slippage, "seed": seed, "strict": strict or None,
    }  # fmt: skip
    folder = home_folder(str(home) if home else None)
    job = asyncio.run(_submit(folder, strategy, request, fields, setting or [], timeout, wait, as_json))
    if wait and job.status != "COMPLETED":
        raise typer.Exit(EXIT_FAILED)


async def _submit(
    home: Path,
    strategy: str | None,
    request: Path | None,
    fields: dict[str, Any],
    settings: list[str],
    timeout_s: int,
    wait: bool,
    as_json: bool,
) -> "Job":
    from rich.console import Console

    from db.jobs import queue
    from db.jobs.submit import submit as hand_in
    from outcry import jobview
    from outcry.database import database_address, open_current
    from outcry.submitting import Words, submission
    from outcry.waiting import wait_for
    from wire.clock import WallClock

    console = Console(stderr=True, highlight=False)
    async with database_address(home, make=True) as url:
        pool = await open_current(url)
        try:
            words = Words(strategy, request, fields, settings, timeout_s)
            made = await submission(pool, ORG, home, words, WallClock().now())
            job_id = await hand_in(pool, ORG, made, "command line")
            if wait:
                console.print(
                    f"job {job_id}; `outcry jobs cancel` stops it, Ctrl-C only stops watching", style="dim"
                )
                job = await wait_for(pool, url, home, ORG, job_id, console)
            else:
                job = await _job(pool, str(job_id))
                async with pool.acquire() as connection:
                    if not await queue.workers(connection):
                        console.print(
                            "no worker runs: `outcry up` or `outcry worker` starts one", style="yellow"
                        )
        finally:
            await pool.close()
    if as_json:
        typer.echo(json.dumps(jobview.full(job) if wait else jobview.summary(job)))
    elif wait:
        jobview.told(job, Console(highlight=False, soft_wrap=True))
    else:
        typer.echo(f"{job.id}")
    return job


@app.command("list")
def list_(
    status: Annotated[Status | None, typer.Option(help="only in this state")] = None,
    kind: Annotated[str | None, typer.Option(help="only of this kind, e.g. backtest")] = None,
    limit: Annotated[int, typer.Option(help="how many", min=1, max=100)] = 20,
    cursor: Annotated[str | None, typer.Option(help="the next page, as the last one named it")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List jobs, newest first."""
    from db.jobs import reads
    from outcry import jobview

    page = _ask(
        home, lambda pool: reads.page(pool, ORG, kind=kind, status=status, cursor=cursor, limit=limit)
    )
    if as_json:
        jobs = [jobview.summary(job) for job in page.jobs]
        typer.echo(json.dumps({"jobs": jobs, "cursor": page.cursor, "total": page.total}))
    else:
        jobview.listed(page.jobs, page.total, None if sys.stdout.isatty() else WIDE)


@app.command()
def show(job: JobArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one job: its checks, progress, result and warnings."""
    from rich.console import Console

    from outcry import jobview

    found = _ask(home, lambda pool: _job(pool, job))
    if as_json:
        typer.echo(json.dumps(jobview.full(found)))
    else:
        jobview.told(found, Console(highlight=False, soft_wrap=True))


@app.command()
def cancel(job: JobArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Cancel a job; one that runs is stopped within seconds. Exit 3 when it was already over."""
    from db.jobs import ending

    async def work(pool: "asyncpg.Pool") -> Any:
        return await ending.cancel(pool, ORG, (await _job(pool, job)).id)

    done = _ask(home, work)
    if as_json:
        typer.echo(json.dumps({"updated": done.updated, "status": done.status, "reason": done.reason}))
    else:
        said = "cancelled" if done.updated else f"not cancelled: it is {done.status} already"
        typer.echo(said, err=not done.updated)
    if not done.updated:
        raise typer.Exit(EXIT_STATE)


@app.command()
def prune(
    older_than: Annotated[str, typer.Option(help="ended longer ago than this: 90d, 12w")],
    kind: Annotated[str | None, typer.Option(help="only of this kind, e.g. data_sync")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="say how many, delete none")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete jobs that ended long ago, with their curves, trades and reports. Those that wait or run stay."""
    from db.jobs import pruning
    from wire.clock import WallClock

    before = WallClock().now() - _age(older_than)
    work = pruning.prunable if dry_run else pruning.prune
    found = _ask(home, lambda pool: work(pool, ORG, before, kind))
    if as_json:
        typer.echo(
            json.dumps({"deleted": 0 if dry_run else found, "matching": found, "before": before.isoformat()})
        )
    else:
        jobs = f"{found} job{'' if found == 1 else 's'}"
        typer.echo(f"{jobs} would be deleted" if dry_run else f"{jobs} deleted")


def _age(text: str) -> timedelta:
    found = re.fullmatch(r"([1-9][0-9]{0,4})([dw])", text, re.ASCII)
    if found is None:
        raise BadInput(
            f"--older-than: {text[:40]!r} is not a number of days or weeks such as 90d or 12w",
            field="--older-than",
        )
    return timedelta(days=int(found[1]) * (7 if found[2] == "w" else 1))


@app.command()
def report(
    job: JobArgument,
    out: Annotated[Path, typer.Option(help="file to write the HTML to")],
    home: HomeOption = None,
) -> None:
    """Write a completed job's report, one HTML file that needs nothing else. Exit 3 when it has none."""
    from db.jobs import reads

    async def work(pool: "asyncpg.Pool") -> tuple[Any, str | None]:
        found = await _job(pool, job)
        return found, await reads.report(pool, ORG, found.id)

    found, html = _ask(home, work)
    if html is None:
        typer.echo(f"job {found.id} is {found.status} and has no report", err=True)
        raise typer.Exit(EXIT_STATE)
    _write(out, html)
    typer.echo(f"{out} ({len(html.encode()) / 1000:.0f} kB)")


@app.command()
def trades(job: JobArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Print a completed job's trades: CSV, or JSON. Exit 3 when the job is not completed."""
    import csv

    from db.jobs import reads
    from outcry import jobview

    async def work(pool: "asyncpg.Pool") -> tuple[Any, list[dict[str, Any]]]:
        found = await _job(pool, job)
        rows: list[dict[str, Any]] = []
        while page := await reads.trades(pool, ORG, found.id, after=len(rows)):
            rows += [jobview.trade(row) for row in page]
        return found, rows

    found, rows = _ask(home, work)
    if found.status != "COMPLETED":
        typer.echo(f"job {found.id} is {found.status}; only a completed job has trades", err=True)
        raise typer.Exit(EXIT_STATE)
    if as_json:
        typer.echo(json.dumps({"job_id": str(found.id), "trade_count": len(rows), "trades": rows}))
    elif rows:
        writer = csv.DictWriter(sys.stdout, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def _write(out: Path, html: str) -> None:
    if not out.parent.is_dir():
        raise BadInput(f"--out: there is no folder {out.parent}", field="--out")
    draft = out.with_name(f".{out.name}.{os.getpid()}")
    draft.write_text(html, encoding="utf-8")
    draft.replace(out)


def _ask(home: Path | None, work: "Callable[[asyncpg.Pool], Awaitable[T]]") -> T:
    from outcry.database import floor_database

    async def run() -> T:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            return await work(pool)

    return asyncio.run(run())


async def _job(pool: "asyncpg.Pool", text: str) -> "Job":
    from db.jobs import reads

    if text == "last":
        newest = (await reads.page(pool, ORG, limit=1)).jobs
        if not newest:
            raise BadInput("ID: there is no job yet", field="ID")
        return newest[0]
    try:
        job_id = UUID(text)
    except ValueError as error:
        raise BadInput(f"ID: {text[:60]!r} is not a job's id (a UUID), nor `last`", field="ID") from error
    found = await reads.get(pool, ORG, job_id)
    if found is None:
        raise BadInput(f"ID: there is no job {job_id}", field="ID")
    return found
