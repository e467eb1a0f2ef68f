"""The situation a round decided in: as numbers (a decision's context) and as text (its prompt)."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

from openoutcry.hedging.costs import basis_pct
from openoutcry.types.amounts import plain
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Quote, Snapshot
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import ToolUse

INDICATORS = "indicators.indicator_snapshot"


def context_of(record: CycleRecord) -> dict[str, Any]:
    """Flat numbers: price, bar, perpetual and funding, then every indicator value the agents looked at.

    Indicators are named ``rsi_14``, ``macd_12_26_9_hist``; null where the indicator had no value.
    """
    snapshot = record.snapshot
    if snapshot is None:
        return {}
    context: dict[str, Any] = {"price": None}
    if snapshot.quote is not None:
        bar = snapshot.quote.bar
        context = {"price": float(snapshot.quote.price), "open": float(bar.open), "high": float(bar.high)}
        context |= {"low": float(bar.low), "volume": float(bar.volume)}
    if snapshot.hedge is not None:
        context["hedge_price"] = float(snapshot.hedge.price)
        if snapshot.quote is not None:
            context["basis_pct"] = basis_pct(float(snapshot.quote.price), float(snapshot.hedge.price))
    if snapshot.funding_rate is not None:
        context["funding_rate"] = snapshot.funding_rate
    return context | dict(sorted(_indicators(record, snapshot)))


def prompt_of(record: CycleRecord) -> str:
    """What the floor was asked in this round, as a person would read it. Equal records give equal text."""
    snapshot = record.snapshot
    if snapshot is None:
        return ""
    context = context_of(record)
    asked_at = f"{snapshot.symbol} {snapshot.timeframe} at {snapshot.as_of:%Y-%m-%d %H:%M} UTC"
    lines = [f"{asked_at}, {snapshot.source} data.", _quoted("Price", snapshot.quote)]
    if snapshot.hedge is not None:
        lines.append(_quoted("Perpetual", snapshot.hedge))
    if snapshot.funding_rate is not None:
        lines.append(f"Funding rate {snapshot.funding_rate:.6g} per interval.")
    lines += [f"Data fault: {fault.symbol} {fault.kind}, {fault.detail}." for fault in snapshot.faults]
    read = [f"{name} {_short(value)}" for name, value in context.items() if name not in QUOTED]
    if read:
        lines.append(f"Indicators: {', '.join(read)}.")
    lines.append(_held(record.portfolio_before))
    voices = ", ".join(sorted(ballot.agent for ballot in record.ballots)) or "nobody"
    lines.append(f"Asked {voices}: buy, sell or hold {snapshot.symbol}?")
    return clean("\n".join(lines))


QUOTED = frozenset({"price", "open", "high", "low", "volume", "hedge_price", "funding_rate"})


def clean(text: str) -> str:
    """The text without NUL, which Postgres cannot store."""
    return text.replace("\x00", "\ufffd")


def _indicators(record: CycleRecord, snapshot: Snapshot) -> Iterator[tuple[str, float | None]]:
    for ballot in record.ballots:
        for use in ballot.tool_uses:
            if use.tool == INDICATORS and _about(use, snapshot):
                yield from _values(use.result.get("values"))


def _about(use: ToolUse, snapshot: Snapshot) -> bool:
    asked = use.arguments
    return asked.get("symbol") == snapshot.symbol and asked.get("timeframe") == snapshot.timeframe


def _values(values: object) -> Iterator[tuple[str, float | None]]:
    for name, outputs in values.items() if isinstance(values, Mapping) else ():
        for output, value in outputs.items() if isinstance(outputs, Mapping) else ():
            key = str(name).replace(":", "_").replace(",", "_")
            number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
            if number or value is None:
                yield clean(key if output == "value" else f"{key}_{output}"), float(value) if number else None


def _quoted(label: str, quote: Quote | None) -> str:
    if quote is None:
        return f"{label}: none."
    bar = quote.bar
    prices = f"open {plain(bar.open)} high {plain(bar.high)} low {plain(bar.low)} close {plain(bar.close)}"
    return f"{label} {plain(quote.price)}; last bar {prices} volume {plain(bar.volume)}."


def _held(portfolio: Portfolio) -> str:
    positions = [
        f"{p.side.lower()} {plain(p.quantity)} {p.symbol} from {plain(p.entry_price)}"
        for p in portfolio.positions
    ]
    held = ", ".join(positions) or "nothing"
    return f"Holding {held}; cash {plain(portfolio.cash)} {portfolio.quote_asset}."


def _short(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.6g}"
