"""``outcry sweep``: search a strategy's parameters, and say what may be believed of the best."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

if TYPE_CHECKING:
    from openoutcry.backtest.search.spec import SweepSpec

app = typer.Typer()
EXIT_STOPPED = 130
Bars = Annotated[int, typer.Option(min=0)]


@app.command()
def sweep(
    strategy: Annotated[
        str | None, typer.Argument(help="a name that `outcry strategies files` shows, or a file")
    ] = None,
    symbol: Annotated[
        str | None, typer.Option(help="what to trade it on [default: the strategy's own]")
    ] = None,
    exchange: Annotated[str, typer.Option(help="whose stored candles")] = "binance",
    timeframe: Annotated[
        str | None, typer.Option(help="bars to run on [default: the strategy's own]")
    ] = None,
    start: Annotated[str | None, typer.Option("--from", help="first day, e.g. 2023-01-01")] = None,
    end: Annotated[str | None, typer.Option("--to", help="last day")] = None,
    vary: Annotated[
        list[str] | None,
        typer.Option(help="PATH=low:high:step, PATH=low..high or PATH=a,b,c; PATH,PATH=… moves together"),
    ] = None,
    where: Annotated[
        list[str] | None, typer.Option(help="PATH < PATH: only combinations that keep it")
    ] = None,
    space: Annotated[
        Path | None, typer.Option(help="a file with vary and where, instead of the two above")
    ] = None,
    method: Annotated[
        str | None, typer.Option(help="grid, random or tpe [default: grid; tpe with --preset]")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(help="combinations for random and tpe [default: 200]", min=1, max=10_000)
    ] = None,
    preset: Annotated[
        str | None, typer.Option(help="quick (50), standard (200) or production (1,000, walking forward)")
    ] = None,
    objective: Annotated[
        str, typer.Option(help="a figure by its name, as in docs/metrics.md")
    ] = "sharpe_ratio",
    min_trades: Annotated[int, typer.Option(help="fewer do not count as candidates", min=0)] = 10,
    seed: Annotated[int, typer.Option(help="of the draws and of slippage", min=0, max=2**31 - 1)] = 0,
    walk_forward: Annotated[
        int, typer.Option(help="test on so many windows, each after its training", min=0, max=100)
    ] = 0,
    anchored: Annotated[
        bool, typer.Option("--anchored", help="every training starts at the first bar")
    ] = False,
    k_fold: Annotated[
        int, typer.Option(help="test on each of so many parts, training on the others", min=0, max=100)
    ] = 0,
    test_folds: Annotated[int, typer.Option(help="parts in each test of --k-fold", min=1, max=50)] = 1,
    purge: Annotated[
        int | None, typer.Option(help="bars left out before a test [default: warm-up or longest hold]", min=0)
    ] = None,
    embargo: Annotated[int, typer.Option(help="further bars left out around a test", min=0)] = 0,
    fee: Annotated[
        float | None, typer.Option(help="of a fill, e.g. 0.001 [default: the home's trading defaults]")
    ] = None,
    slippage: Annotated[
        float | None, typer.Option(help="largest of a fill, e.g. 0.0005 [default: same]")
    ] = None,
    leverage: Annotated[float | None, typer.Option(help="of a perpetual's positions [default: 1]")] = None,
    workers: Annotated[int, typer.Option(help="processes on this machine", min=1, max=64)] = 1,
    study: Annotated[
        str | None, typer.Option(help="keep the trials in the floor's database under this name")
    ] = None,
    resume: Annotated[
        str | None, typer.Option(help="go on with a kept sweep, or join whoever works on it")
    ] = None,
    queue: Annotated[
        int,
        typer.Option(help="hand it to so many `outcry worker`s instead of running it here", min=0, max=64),
    ] = 0,
    cancel: Annotated[str | None, typer.Option(help="stop a kept sweep wherever it runs")] = None,
    list_: Annotated[bool, typer.Option("--list", help="show the kept sweeps")] = False,
    top: Annotated[int, typer.Option(help="rows of the ranking to print", min=1, max=50)] = 10,
    save: Annotated[Path | None, typer.Option(help="write the best strategy there as YAML")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search a strategy's parameters on stored candles: grid, random or TPE, with walk-forward and overfitting statistics.

    Without --study everything stays in memory and no database is needed. With it, trials are kept as they finish: after a
    kill or Ctrl-C, --resume NAME goes on, and any number of machines may --resume the same name at once. docs/sweeps.md.

    Exit codes: 0 done, 1 failed, 2 a wrong argument, 130 stopped by Ctrl-C or cancelled.
    """
    folder = home_folder(str(home) if home else None)
    _ask_one_thing(strategy, resume, cancel, list_=list_)
    from wire.compiling import keep_kernels

    keep_kernels(folder)
    from outcry import sweepkept, sweepview  # load the compiler, which has to know its folder first

    if list_:
        sweepview.listed(sweepkept.listed(folder), as_json)
        return
    if cancel:
        sweepview.cancelled(cancel, sweepkept.cancel(folder, cancel), as_json)
        return
    spec: SweepSpec | None = None
    if strategy:
        from outcry.sweepask import Asked, spec_of

        asked = Asked(
            strategy=strategy, symbol=symbol, exchange=exchange, timeframe=timeframe, start=start, end=end,
            vary=tuple(vary or ()), where=tuple(where or ()), space=space, method=method, trials=trials, preset=preset,
            objective=objective, min_trades=min_trades, seed=seed, walk_forward=walk_forward, anchored=anchored,
            k_fold=k_fold, test_folds=test_folds, purge=purge, embargo=embargo, fee=fee, slippage=slippage, leverage=leverage,
        )  # fmt: skip
        spec = spec_of(asked, folder)
    name = resume or study
    if queue:
        sweepview.queued(sweepkept.queue(folder, spec, name, queue, workers), as_json)
        return
    _show(_run(folder, spec, name, workers, quiet=as_json), save, top, as_json=as_json)


def _ask_one_thing(strategy: str | None, resume: str | None, cancel: str | None, *, list_: bool) -> None:
    """Raises BadInput for a call that asks for nothing, or for two things."""
    if sum(map(bool, (strategy, resume, cancel))) + list_ != 1:
        raise BadInput(
            "strategy: name a strategy, or --resume, --cancel or --list, and only one of them",
            field="strategy",
        )


def _run(
    folder: Path, spec: "SweepSpec | None", name: str | None, workers: int, *, quiet: bool
) -> dict[str, Any]:
    from outcry import sweepkept, sweepview

    with sweepview.watching(quiet=quiet) as watch:
        if name is None:
            assert spec is not None
            return sweepkept.in_memory(folder, spec, workers, watch)
        return sweepkept.kept(folder, spec, name, workers, watch)


def _show(result: dict[str, Any], save: Path | None, top: int, *, as_json: bool) -> None:
    """Print what was found. Raises Exit for a sweep that was stopped."""
    from outcry import sweepview

    if save is not None and result["best"] is not None:
        _save(save, result)
    if as_json:
        typer.echo(json.dumps(result))
    else:
        sweepview.told(result, top)
    if not result["complete"]:
        raise typer.Exit(EXIT_STOPPED)


def _save(path: Path, result: dict[str, Any]) -> None:
    import yaml

    best = result["best"]["strategy"]
    text = yaml.safe_dump(best, sort_keys=False, allow_unicode=True, width=110)
    path.write_text(
        f"# The best of {result['trials']['different']} combinations by {result['objective']}.\n{text}"
    )
