"""``outcry strategies stage``: a version to staging, and its validation, here and now or by a worker."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openoutcry.errors import OpenOutcryError
from outcry.options import HomeOption, JsonOption
from outcry.registry.asking import (
    ORG,
    NameArgument,
    ReasonOption,
    VersionArgument,
    ask,
    by,
    folder_of,
    reserved,
)
from outcry.registry.moved import KeepOption

if TYPE_CHECKING:
    import asyncpg

    from db.strategies.staging import Staged

app = typer.Typer()
KIND = "validation"


@app.command()
def stage(
    name: NameArgument,
    version: VersionArgument = "latest",
    start: Annotated[
        str | None, typer.Option("--from", help="first day of the windows [default: three years back]")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="last day of the windows [default: what is stored]")
    ] = None,
    exchange: Annotated[
        str | None, typer.Option(help="exchange of the candles [default: the strategy's]")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="instrument to try it on [default: the strategy's]")
    ] = None,
    timeframe: Annotated[
        str | None, typer.Option(help="bar length [default: the finest of its rules]")
    ] = None,
    fee: Annotated[
        float | None, typer.Option(help="fee, a fraction of a fill [default: the trading defaults']")
    ] = None,
    slippage: Annotated[float | None, typer.Option(help="largest slippage, a fraction of a fill")] = None,
    seed: Annotated[int, typer.Option(help="seed of the slippage", min=0)] = 0,
    queue: Annotated[bool, typer.Option("--queue", help="leave the validation to a worker")] = False,
    keep_status: KeepOption = False,
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a version to staging and validate it: backtests on three consecutive windows, held against the gates.

    A rules strategy goes to paper with it, and votes on the floor, unless --keep-status. Exit 1 when it cannot be validated.
    """
    from openoutcry.strategy.validation import read_asked
    from wire.config import parse_when

    asked = read_asked(
        {
            "start": parse_when(start, field="--from"), "end": parse_when(end, field="--to", end=True),
            "exchange": exchange, "symbol": symbol, "timeframe": timeframe, "fee_pct": fee, "slippage_pct": slippage,
            "seed": seed,
        }
    ).model_dump(mode="json", exclude_none=True)  # fmt: skip

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        staged = await _staged(pool, name, version, reason, asked, keep_status=keep_status)
        if queue:
            job = await _queued(pool, staged)
            return {**_told(staged), "status": "validation_in_progress", "job_id": job}
        return {**_told(staged), **await _validated(pool, folder_of(home), staged, quiet=as_json)}

    done = ask(home, work)
    if as_json:
        typer.echo(json.dumps(done))
    else:
        _tell(done)
    if done["status"] == "validation_failed":
        raise typer.Exit(1)


async def _staged(
    pool: "asyncpg.Pool",
    name: str,
    version: str,
    reason: str | None,
    asked: dict[str, Any],
    *,
    keep_status: bool,
) -> "Staged":
    from db.strategies import staging

    taken = await reserved(pool)
    return await staging.stage(
        pool, ORG, name, version, by(reason), asked=asked, reserved=taken, keep_status=keep_status
    )


def _told(staged: "Staged") -> dict[str, Any]:
    return {
        "name": staged.name, "version": staged.version, "stage": "staging", "strategy_status": staged.status,
        "validation_id": str(staged.validation_id), "created_at": staged.staged_at.isoformat(),
    }  # fmt: skip


async def _queued(pool: "asyncpg.Pool", staged: "Staged") -> str:
    from db.jobs.submit import Submission, submit

    request = {"validation_id": str(staged.validation_id)}
    job = Submission(kind=KIND, name=staged.name, version=staged.version, request=request)
    return str(await submit(pool, ORG, job, by().who, once=f"{KIND}:{staged.validation_id}"))


async def _validated(pool: "asyncpg.Pool", home: Path, staged: "Staged", *, quiet: bool) -> dict[str, Any]:
    from rich.console import Console

    from workers.validating import run_validation

    with Console(stderr=True, quiet=quiet).status("validating") as shown:
        try:
            report = await run_validation(
                pool,
                home,
                staged.validation_id,
                by(),
                lambda done, of, word: shown.update(f"validating: {word}"),
            )
        except OpenOutcryError as error:
            return {"status": "validation_failed", "error": str(error)}
    return {"status": "validated", **report.model_dump(mode="json")}


def _tell(done: dict[str, Any]) -> None:
    from outcry.registry.views import table

    typer.echo(f"{done['name']} {done['version']} is in staging, {done['strategy_status']}")
    if done["status"] == "validation_in_progress":
        typer.echo(f"its validation is job {done['job_id']}: `outcry jobs show {done['job_id']}`")
        return
    if done["status"] == "validation_failed":
        typer.echo(f"not validated: {done['error']}", err=True)
        return
    span = f"{done['start'][:10]} to {done['end'][:10]}"
    typer.echo(f"{done['symbol']} {done['timeframe']} of {done['exchange']}, {span}, {done['bars']:,} bars")
    names = (
        "total_trades", "sortino_ratio", "sharpe_ratio", "calmar_ratio", "irr_annualized", "max_drawdown", "win_rate",
    )  # fmt: skip
    rows = [{"window": one["number"], **one} for one in done["windows"]] + [
        {"window": "all", "metrics": done["metrics"]}
    ]
    typer.echo(table(rows, ("window", *names)))
    verdict = done["verdict"]
    typer.echo(f"{verdict['outcome']}: {verdict['held']} of {verdict['gates']} gates hold in every window")
    for failure in verdict["failures"]:
        value = "unknown" if failure["value"] is None else f"{failure['value']:.4g}"
        bound = f"{failure['rule']} {failure['threshold']:g}"
        typer.echo(f"  {failure['gate']} in window {failure['window']} is {value}, must be {bound}")
