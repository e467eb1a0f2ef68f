"""The top of the page: what was run, on which data, what came of it, and what to doubt."""

from datetime import timedelta

from openoutcry.backtest.metrics import Metrics
from openoutcry.backtest.report.markup import text
from openoutcry.backtest.report.numbers import amount, leaning, percent, ratio
from openoutcry.backtest.report.values import Reported

INSTANT = timedelta(milliseconds=1)
"""Periods end before their end."""
SAID = {"PASS": "passed", "WARN": "warned", "FAIL": "failed"}


def header(report: Reported) -> str:
    """Strategy, market, period, and where the prices come from."""
    request = report.request
    version = f'<span class="version">{text(request.version)}</span>' if request.version else ""
    source = report.provenance.get("data", "recorded")
    return f"""<header>
<div><p class="kicker">Backtest</p><h1>{text(request.name)} {version}</h1>
<p class="market">{text(", ".join(request.symbols))} · {text(request.timeframe)} · {text(request.exchange)} ·
{request.start:%Y-%m-%d} to {request.end - INSTANT:%Y-%m-%d}</p></div>
<div class="corner"><span class="badge {text(source)}">{text(source.upper())} DATA</span>
<button id="theme" type="button" aria-label="switch between light and dark">◐</button></div></header>"""


def tiles(report: Reported) -> str:
    """The eight figures people look at first."""
    metrics = report.metrics
    shown = [
        ("Total return", percent(metrics.total_return, signed=True), leaning(metrics.total_return), _against(metrics)),
        ("A year (CAGR)", percent(metrics.irr_annualized, signed=True), leaning(metrics.irr_annualized),
         f"{metrics.num_days:,.0f} days"),
        ("Sharpe", ratio(metrics.sharpe_ratio), leaning(metrics.sharpe_ratio), f"Sortino {ratio(metrics.sortino_ratio)}"),
        ("Max drawdown", percent(-metrics.max_drawdown), "down" if metrics.max_drawdown else "",
         f"{metrics.max_drawdown_duration:,.0f} days at most"),
        ("Trades", f"{metrics.total_trades:,}", "", f"in the market {percent(metrics.exposure, 0)}"),
        ("Win rate", percent(metrics.win_rate), "", f"{metrics.max_consecutive_losses} losses in a row at most"),
        ("Profit factor", ratio(metrics.profit_factor), "", f"a trade {amount(metrics.expectancy, report.quote)}"),
        ("Ending balance", f"{metrics.ending_balance:,.0f}", leaning(metrics.net_pnl),
         f"of {amount(metrics.starting_balance, report.quote)}"),
    ]  # fmt: skip
    cells = "".join(
        f'<div class="tile"><dt>{text(name)}</dt><dd class="{text(kind)}">{text(value)}</dd><p>{text(note)}</p></div>'
        for name, value, kind, note in shown
    )
    return f'<dl class="tiles">{cells}</dl>'


def doubts(report: Reported) -> str:
    """Warnings about the result, and the checks before the run."""
    warned = "".join(
        f"<li><b>{text(one.check.replace('_', ' '))}</b> {text(one.message)}</li>" for one in report.warnings
    )
    loud = f'<ul class="warnings">{warned}</ul>' if warned else ""
    rows = "".join(
        f'<li class="{check.verdict.lower()}"><b>{text(check.name.replace("_", " "))}</b> {text(check.message)}</li>'
        for check in report.preflight.checks
    )
    verdict = SAID[report.preflight.verdict]
    strict = " in strict mode" if report.preflight.strict else ""
    checks = f"<details class='checks'><summary>Checks before the run: {verdict}{strict}</summary><ul>{rows}</ul></details>"
    return loud + checks


def _against(metrics: Metrics) -> str:
    if metrics.benchmark_return is None:
        return ""
    return f"holding {percent(metrics.benchmark_return, signed=True)}"
