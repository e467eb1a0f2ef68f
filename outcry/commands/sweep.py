"""``outcry sweep``: search a strategy's parameters, and say what may be believed of the best."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from openoutcry.errors import BadInput
from outcry import sweep_options as option
from outcry.options import HomeOption, JsonOption
from wire.compiling import keep_kernels
from wire.config import home_folder

if TYPE_CHECKING:
    from openoutcry.backtest.search.spec import SweepSpec

app = typer.Typer()
EXIT_STOPPED = 130


@app.command()
def sweep(
    strategy: option.Strategy = None,
    symbol: option.Symbol = None,
    exchange: option.Exchange = "binance",
    timeframe: option.Timeframe = None,
    start: option.Start = None,
    end: option.End = None,
    vary: option.Vary = None,
    where: option.Where = None,
    space: option.Space = None,
    method: option.Method = None,
    trials: option.Trials = None,
    preset: option.Preset = None,
    objective: option.Objective = "sharpe_ratio",
    min_trades: option.MinTrades = 10,
    seed: option.Seed = 0,
    walk_forward: option.WalkForward = 0,
    anchored: option.Anchored = False,
    k_fold: option.KFold = 0,
    test_folds: option.TestFolds = 1,
    purge: option.Purge = None,
    embargo: option.Embargo = 0,
    fee: option.Fee = None,
    slippage: option.Slippage = None,
    leverage: option.Leverage = None,
    workers: option.Workers = 1,
    study: option.Study = None,
    resume: option.Resume = None,
    queue: option.Queue = 0,
    cancel: option.Cancel = None,
    list_: option.List = False,
    top: option.Top = 10,
    save: option.Save = None,
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
    keep_kernels(folder)
    if list_ or cancel:
        _look(folder, cancel, as_json=as_json)
        return
    spec: SweepSpec | None = None
    if strategy:
        from outcry.sweepask import Asked, spec_of  # loads the compiler, which has to know its folder first

        asked = Asked(
            strategy=strategy, symbol=symbol, exchange=exchange, timeframe=timeframe, start=start, end=end,
            vary=tuple(vary or ()), where=tuple(where or ()), space=space, method=method, trials=trials, preset=preset,
            objective=objective, min_trades=min_trades, seed=seed, walk_forward=walk_forward, anchored=anchored,
            k_fold=k_fold, test_folds=test_folds, purge=purge, embargo=embargo, fee=fee, slippage=slippage, leverage=leverage,
        )  # fmt: skip
        spec = spec_of(asked, folder)
    if queue:
        _hand_on(folder, spec, resume or study, queue, workers, as_json=as_json)
    else:
        _show(_run(folder, spec, resume or study, workers, quiet=as_json), save, top, as_json=as_json)


def _look(folder: Path, cancel: str | None, *, as_json: bool) -> None:
    """Tell which sweeps are kept, or stop the one named."""
    from outcry import sweepkept, sweepview

    if cancel:
        sweepview.cancelled(cancel, sweepkept.cancel(folder, cancel), as_json)
    else:
        sweepview.listed(sweepkept.listed(folder), as_json)


def _hand_on(
    folder: Path, spec: "SweepSpec | None", name: str | None, queue: int, workers: int, *, as_json: bool
) -> None:
    """Leave it to so many workers."""
    from outcry import sweepkept, sweepview

    sweepview.queued(sweepkept.queue(folder, spec, name, queue, workers), as_json)


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
