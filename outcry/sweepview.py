"""A sweep as a person sees it: how far it is, the ranking, and what may be believed of it."""

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Any

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from openoutcry.backtest.search.trial import Trial

WIDE = 160
LINE_S = 2.0


class Screen:
    """Progress of every part, and the first Ctrl-C, which lets what runs come to its end; the second ends at once.

    Bars on a terminal, now and then a line elsewhere, nothing when ``quiet``.
    """

    def __init__(self, bars: Progress | None, *, quiet: bool) -> None:
        self._bars, self._quiet = bars, quiet
        self._tasks: dict[str, TaskID] = {}
        self._said = monotonic()
        self.interrupted = False

    def progress(self, part: str, done: int, total: int, best: Trial | None) -> None:
        """With the best score so far."""
        name = "all bars" if part == "all" else part
        shown = "" if best is None or best.score is None else f"best {best.score:.4g}"
        if self._bars is not None:
            if part not in self._tasks:
                self._tasks[part] = self._bars.add_task(name, total=total, best="")
            self._bars.update(self._tasks[part], completed=done, total=total, best=shown)
        elif not self._quiet and monotonic() - self._said >= LINE_S:
            self._said = monotonic()
            typer.echo(f"{name}: {done:,} of {total:,} {shown}".rstrip(), err=True)

    def stopped(self) -> bool:
        """After Ctrl-C."""
        return self.interrupted

    def interrupt(self, *_: Any) -> None:
        """What Ctrl-C does."""
        if self.interrupted:
            raise KeyboardInterrupt
        self.interrupted = True


@contextmanager
def watching(*, quiet: bool) -> Iterator[Screen]:
    """A screen on stderr, silent where nobody would see it."""
    console = Console(stderr=True, highlight=False)
    bars = None
    if not quiet and console.is_terminal:
        bars = Progress(
            TextColumn("  {task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("[bold]{task.fields[best]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=console,
        )  # fmt: skip
    screen = Screen(bars, quiet=quiet)
    before = signal.signal(signal.SIGINT, screen.interrupt)
    try:
        if bars is None:
            yield screen
        else:
            with bars:
                yield screen
    finally:
        signal.signal(signal.SIGINT, before)


def told(result: dict[str, Any], top: int) -> None:
    """Print a result."""
    console = Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else WIDE)
    market, trials = result["market"], result["trials"]
    console.print(
        f"[bold]{result['strategy']}[/] on {market['symbol']} {market['timeframe']}, {market['bars']:,} bars:"
        f" {trials['different']:,} combinations by {result['method']}, ranked by {result['objective']}"
    )
    if result["ranked"]:
        console.print(_ranking(result["ranked"][:top]))
        best = result["best"]
        console.print(
            "best: " + ", ".join(f"{path}={_value(value)}" for path, value in best["settings"].items())
        )
    console.print(_believed(result["overfitting"]))
    if result["forward"] is not None:
        _forward(console, result["forward"])
    for warning in result["warnings"]:
        console.print(f"[yellow]! {warning}[/]")
    if not result["complete"] and "study" in result:
        console.print(f"go on with: outcry sweep --resume {result['study']}")


def listed(rows: list[dict[str, Any]], as_json: bool) -> None:
    """Print the kept sweeps."""
    if as_json:
        typer.echo(json.dumps({"sweeps": rows}))
        return
    for row in rows:
        size = f"{row['trials']:>6} {row['method']:<7}"
        typer.echo(
            f"{row['name']:<32} {row['status']:<10} {size} {row['strategy']}  {row['created_at'][:16]}"
        )
    if not rows:
        typer.echo("no sweep is kept; `outcry sweep STRATEGY … --study NAME` keeps one")


def cancelled(name: str, done: bool, as_json: bool) -> None:
    """Say what cancelling did."""
    if as_json:
        typer.echo(json.dumps({"study": name, "cancelled": done}))
    else:
        typer.echo(f"{name}: whoever runs it stops within a second" if done else f"{name}: was not running")


def queued(handed: dict[str, Any], as_json: bool) -> None:
    """Say which jobs were handed in."""
    if as_json:
        typer.echo(json.dumps(handed))
        return
    for job in handed["jobs"]:
        typer.echo(f"job {job} works on sweep {handed['study']}; see `outcry jobs follow {job}`")


def _ranking(rows: list[dict[str, Any]]) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    names = list(rows[0]["values"])
    for name in ("#", "score", "return", "Sharpe", "trades", "win rate", *[_short(name) for name in names]):
        table.add_column(name, justify="right", no_wrap=True)
    for place, row in enumerate(rows, start=1):
        shown = (f"{row['score']:.4g}", _percent(row["total_return"]), _number(row["sharpe_ratio"]))
        counts = (str(row["total_trades"]), _percent(row["win_rate"]))
        table.add_row(str(place), *shown, *counts, *[_value(row["values"][name]) for name in names])
    return table


def _believed(of: dict[str, Any]) -> str:
    parts = [
        f"deflated Sharpe {_percent(of['deflated_sharpe'])} of {of['trials']:,} tries",
        f"probabilistic Sharpe {_percent(of['probabilistic_sharpe'])}",
        f"probability of overfitting {_percent(of['pbo'])}"
        + (f" over {of['pbo_splits']:,} splits" if of["pbo_splits"] else ""),
    ]
    if of["min_track_days"] is not None:
        parts.append(f"track record {of['days']:,.0f} of {of['min_track_days']:,.0f} days needed")
    return " · ".join(parts)


def _forward(console: Console, forward: dict[str, Any]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 2))
    for name in ("window", "test from", "train score", "test score", "train a year", "test a year", "trades"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in forward["windows"]:
        annual = _percent(one["train_annual_return"]), _percent(one["test_annual_return"])
        scores = _number(one["train_score"]), _number(one["test_score"])
        table.add_row(str(one["window"]), one["test"][0][0][:10], *scores, *annual, str(one["test_trades"]))
    console.print(table)
    told = forward["figures"]
    if told is not None:
        console.print(
            f"out of sample: return {_percent(told['total_return'])}, Sharpe {_number(told['sharpe_ratio'])}, deepest fall"
            f" {_percent(told['max_drawdown'])}, {told['total_trades']} trades; efficiency {_percent(forward['efficiency'])}"
        )


def _short(path: str) -> str:
    return path.replace("execution_config.", "").replace(".params.", ".")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.1%}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
