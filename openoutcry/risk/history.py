"""An account's figures over time: several sessions' equity as one line, what follows from it, and its buckets."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median
from typing import Literal, get_args
from uuid import UUID

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.risk import metrics
from openoutcry.risk.returns import DAYS_PER_YEAR

Metric = Literal["portfolio_value", "performance", "risk", "sharpe_ratio", "volatility", "drawdown"]
METRICS: tuple[Metric, ...] = get_args(Metric)
Aggregation = Literal["avg", "min", "max", "sum", "count"]
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
TRAILING = 100
LEAST = 20
"""Returns that rolling figures look back over, and below which there is none."""
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Point:
    """A value at an instant."""

    at: datetime
    value: float


def read_metric(text: str) -> Metric:
    """One of the metrics. Raises BadInput."""
    for name in METRICS:
        if text == name:
            return name
    raise BadInput(f"metric_type: {text[:40]!r} is none of {', '.join(METRICS)}", field="metric_type")


def read_aggregation(text: str) -> Aggregation:
    """One of the aggregations. Raises BadInput."""
    for name in AGGREGATIONS:
        if text == name:
            return name
    raise BadInput(f"aggregation: {text[:40]!r} is none of {', '.join(AGGREGATIONS)}", field="aggregation")


def account_line(rows: Iterable[tuple[UUID, datetime, float]]) -> list[Point]:
    """Equity of all sessions together at every instant one of them has a value; each counts from its first on.

    ``rows`` are (session, time, equity) in order of time.
    """
    latest: dict[UUID, float] = {}
    line: list[Point] = []
    for session, at, value in rows:
        latest[session] = value
        total = math.fsum(latest.values())
        if line and line[-1].at == at:
            line.pop()
        line.append(Point(at, total))
    return line


def metric_line(line: Sequence[Point], metric: Metric) -> list[Point]:
    """A metric at every point where it exists.

    performance: gain since the first point; drawdown: fall from the highest so far; volatility, sharpe_ratio: of the
    trailing hundred returns, of a year of 365 days; risk: their historical 95 % value at risk.
    """
    if metric == "portfolio_value" or not line:
        return list(line)
    values = np.array([point.value for point in line])
    if metric == "performance":
        made = values / values[0] - 1.0 if values[0] > 0 else np.full(len(values), np.nan)
    elif metric == "drawdown":
        made = metrics.falls(values) if values[0] > 0 else np.full(len(values), np.nan)
    else:
        made = _rolling(values, metric, _periods(line))
    return [Point(point.at, float(v)) for point, v in zip(line, made, strict=True) if math.isfinite(v)]


def _periods(line: Sequence[Point]) -> float:
    gaps = [(b.at - a.at).total_seconds() for a, b in pairwise(line)]
    spacing = median(gaps) if gaps else 86_400.0
    return DAYS_PER_YEAR * 86_400.0 / max(spacing, 1.0)


def _rolling(values: np.ndarray, metric: Metric, periods: float) -> np.ndarray:
    out = np.full(len(values), np.nan)
    if len(values) <= LEAST or not bool(np.all(values > 0)):
        return out
    returns = values[1:] / values[:-1] - 1.0
    for end in range(LEAST, len(returns) + 1):
        part = returns[max(0, end - TRAILING) : end]
        if metric == "risk":
            found: float | None = metrics.tail_risk(part, CONFIDENCE).value_at_risk
        elif metric == "volatility":
            found = metrics.volatility(part, periods)
        else:
            found = metrics.sharpe(part, periods)
        out[end] = np.nan if found is None else found
    return out


def bucketed(line: Sequence[Point], width: timedelta, how: Aggregation) -> list[Point]:
    """One point a bucket, at its beginning; buckets without a value have none."""
    found: dict[datetime, list[float]] = {}
    for point in line:
        seconds = width.total_seconds()
        start = datetime.fromtimestamp(point.at.timestamp() // seconds * seconds, tz=point.at.tzinfo)
        found.setdefault(start, []).append(point.value)
    return [Point(at, _reduced(values, how)) for at, values in found.items()]


def _reduced(values: Sequence[float], how: Aggregation) -> float:
    if how == "count":
        return float(len(values))
    if how in ("avg", "sum"):
        total = math.fsum(values)
        return total / len(values) if how == "avg" else total
    return min(values) if how == "min" else max(values)
