"""The parts of the page that are tables: months, exits, all figures, settings."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from openoutcry.backtest.metrics import Metrics
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.report.markup import section, table, text
from openoutcry.backtest.report.months import monthly
from openoutcry.backtest.report.numbers import amount, figure, leaning, percent
from openoutcry.backtest.report.values import Reported

MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
STRONG = 0.15
"""A month's return that has the full colour."""


def months(report: Reported) -> str:
    """The heat map."""
    whole = report.together
    found = monthly(whole.times, whole.equity, report.metrics.starting_balance)
    head = "".join(f"<th>{name}</th>" for name in [*MONTHS, "Year"])
    rows = "".join(
        f"<tr><th>{year}</th>{''.join(_month(by.get(number)) for number in range(1, 13))}{_month(by.get(0), 'year')}</tr>"
        for year, by in found.items()
    )
    body = f'<div class="scroll"><table class="heat"><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    return section("months", "Returns by month", body)


def _month(value: float | None, kind: str = "") -> str:
    if value is None:
        return f'<td class="{kind}"></td>'
    heat = min(1.0, abs(value) / STRONG) * (0.85 if value else 0)
    return f'<td class="{leaning(value)} {kind}" style="--heat:{heat:.2f}">{value * 100:.1f}</td>'


def exits(report: Reported) -> str:
    """How trades ended, and what each way came to; why entries were denied."""
    count: Counter[str] = Counter()
    pnl: Counter[str] = Counter()
    for outcome in report.outcomes.values():
        for reason, gain in zip(outcome.trades.reason.tolist(), outcome.trades.pnl.tolist(), strict=True):
            count[Exit(reason).name] += 1
            pnl[Exit(reason).name] += gain
    rows = [(name, f"{times:,}", amount(pnl[name], report.quote)) for name, times in count.most_common()]
    denied: Counter[str] = Counter()
    for outcome in report.outcomes.values():
        denied.update(outcome.denied)
    refused = [(name, f"{times:,}") for name, times in denied.most_common()]
    ended = table(("exit", "trades", "net"), rows, "numbers") if rows else "<p>No trade ended.</p>"
    gates = table(("denied by", "entries"), refused, "numbers") if refused else "<p>No entry was denied.</p>"
    return section("exits", "How trades ended", f'<div class="pair">{ended}{gates}</div>')


def figures(report: Reported) -> str:
    """Every figure with its meaning."""
    values = report.metrics.to_dict()
    rows = [
        (
            one.name.replace("_", " "),
            figure(values[one.name], one.metadata["unit"], report.quote),
            one.metadata["meaning"],
        )
        for one in fields(Metrics)
    ]
    return section("figures", "All figures", table(("figure", "value", "what it is"), rows, "figures"))


def settings(report: Reported) -> str:
    """What it was run with and where it comes from."""
    request = report.request
    rules = "".join(f"<li>{_rule(rule)}</li>" for rule in report.rules)
    run = {
        "fee": percent(request.costs.fee_pct, 3),
        "slippage": f"{percent(request.costs.slippage_pct, 3)} {request.fills.slippage}",
        "fills": f"{request.fills.entry}, levels {request.fills.levels}, {request.fills.first} first",
        "leverage": f"{request.leverage:g}",
        "seed": str(request.seed),
    }
    config = {name: _short(value) for name, value in request.execution_config.model_dump(mode="json").items()}
    body = f"""<div class="columns"><div><h3>Rules</h3><ol class="rules">{rules or "<li>code</li>"}</ol>
<h3>Run</h3>{_pairs(run)}<h3>Provenance</h3>{_pairs(report.provenance)}</div>
<div><h3>Execution</h3>{_pairs(config)}</div></div>"""
    return section("settings", "Settings and provenance", body)


def _rule(rule: Mapping[str, Any]) -> str:
    params = " ".join(f"{name}={value}" for name, value in rule["params"].items())
    return (
        f"<b>{text(rule['part'])}</b> {text(rule['signal_type'])} <code>{text(rule['name'])}</code>"
        f" {text(rule['timeframe'])} <code>{text(params)}</code>"
    )


def _pairs(values: Mapping[str, str]) -> str:
    return table((), ((name.replace("_", " "), value) for name, value in values.items()), "pairs")


def _short(value: Any) -> str:
    return json.dumps(value) if isinstance(value, dict | list | bool | None) else str(value)
