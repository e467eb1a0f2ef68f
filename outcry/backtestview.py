"""A backtest as a person and a program see it on the command line."""

import csv
import io
import json
from typing import Any

from rich.console import Console

from openoutcry.backtest.report.page import page
from openoutcry.backtest.report.values import Reported
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.version import VERSION
from outcry.backtesting import Done
from workers import leaving
from workers.assets import assets
from workers.provenance import SYNTHETIC, commit, data_hash

MARK = {"PASS": "[green]pass[/]", "WARN": "[yellow]warn[/]", "FAIL": "[red]FAIL[/]"}
PERCENT = (
    "total_return",
    "irr_annualized",
    "volatility",
    "max_drawdown",
    "win_rate",
    "exposure",
    "benchmark_return",
)
COLUMNS = (
    ("total_return", "benchmark_return", "irr_annualized", "ending_balance"),
    ("sharpe_ratio", "sortino_ratio", "calmar_ratio", "volatility"),
    ("max_drawdown", "total_trades", "win_rate", "profit_factor"),
)
MOST_ROUNDED = 6
MOST_TOLD = 5


def plain(done: Done) -> dict[str, Any]:
    """Everything, as plain data; the trades under ``trade_history``."""
    request, outcome = done.request, done.outcome
    return {
        "success": True,
        "strategy": request.name,
        "symbol": request.symbols[0],
        "exchange": request.exchange,
        "timeframe": request.timeframe,
        "start": request.start.isoformat(),
        "end": request.end.isoformat(),
        "bars": len(outcome.series) - outcome.start,
        "metrics": done.whole.metrics.to_dict(),
        "trade_count": len(outcome),
        "exits": leaving.exits({"": outcome}),
        "denied": outcome.denied,
        "preflight": done.checked.model_dump(mode="json"),
        "warnings": [one.model_dump() for one in done.warned],
        "audit": None if done.audit is None else done.audit.to_dict(),
        "request": request.stored(),
        "provenance": origin(done),
        "execution_time_seconds": round(done.seconds, MOST_ROUNDED),
        "trade_history": list(outcome.rows()),
    }


def trades(done: Done, suffix: str) -> str:
    """The trades as JSON for ``.json``, else as CSV."""
    rows = list(done.outcome.rows())
    if suffix == ".json":
        return json.dumps({"trade_count": len(rows), "trades": rows}, indent=1)
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return text.getvalue()


def report(done: Done) -> str:
    """The HTML report."""
    rules = []
    if isinstance(done.strategy, RuleStrategy):
        parts = (("entry", done.strategy.entry), ("exit", done.strategy.exit))
        rules = [{"part": part, **rule.plain()} for part, own in parts for rule in own]
    outcomes = {done.request.symbols[0]: done.outcome}
    return page(
        Reported(done.request, outcomes, done.whole, done.checked, done.warned, origin(done), rules), assets()
    )


def origin(done: Done) -> dict[str, str]:
    """Where the result comes from."""
    request = done.request
    return {
        "data": SYNTHETIC if request.venue.startswith(SYNTHETIC) else "recorded",
        "exchange": request.exchange,
        "data_hash": data_hash([done.outcome.series.candles]),
        "strategy_hash": request.content_hash,
        "seed": str(request.seed),
        "version": VERSION,
        "commit": commit(),
    }


def told(done: Done, console: Console) -> None:
    """Print a summary."""
    request, outcome = done.request, done.outcome
    bars = len(outcome.series) - outcome.start
    console.print(f"[bold]{request.name}[/] · {request.symbols[0]} {request.timeframe} · {request.exchange}")
    console.print(
        f"[dim]{request.start:%Y-%m-%d %H:%M} to {request.end:%Y-%m-%d %H:%M} UTC, {bars:,} bars in"
        f" {done.seconds * 1000:,.1f} ms[/]"
    )
    for check in done.checked.checks:
        if check.verdict != "PASS":
            console.print(f"  {MARK[check.verdict]}  {check.name:<10}", end=" ")
            console.print(check.message, markup=False)
    console.print(_figures(done))
    for name, counts in (("exits", leaving.exits({"": outcome})), ("denied", outcome.denied)):
        if counts:
            console.print(f"{name:<7}" + "  ".join(f"{reason} {count:,}" for reason, count in counts.items()))
    for warning in done.warned:
        console.print("[yellow]![/]", end=" ")
        console.print(warning.message, markup=False)
    if request.fills.look_ahead:
        console.print("[yellow]![/] fills at the signal bar's close: that price cannot be traded any more")
    if done.audit is not None:
        _audited(done, console)


def _figures(done: Done) -> str:
    figures = done.whole.metrics.to_dict()
    rows = (
        "".join(f"[dim]{name:<17}[/]{_figure(name, figures[name]):<13}" for name in row).rstrip()
        for row in zip(*COLUMNS, strict=True)
    )
    return "\n".join(rows)


def _figure(name: str, value: float | int | None) -> str:
    if value is None:
        return "–"
    if name in PERCENT:
        return f"{value:+.2%}" if name.endswith("return") else f"{value:.2%}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _audited(done: Done, console: Console) -> None:
    found = done.audit
    assert found is not None
    verdict = "[green]passed[/]" if found.passed else "[bold red]LOOK-AHEAD[/]"
    console.print(
        f"audit  {verdict}: {found.cuts} other futures, {found.signals:,} signals, {found.trades:,} trades"
    )
    for finding in found.findings[:MOST_TOLD]:
        console.print(
            f"  {finding.kind:<8} {finding.at}  {finding.message} (known up to {finding.known})", markup=False
        )
    if len(found.findings) > MOST_TOLD:
        console.print(f"  and {len(found.findings) - MOST_TOLD} more; --json has them")
