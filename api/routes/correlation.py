"""``/api/v1/correlation/regime`` and ``/alerts``: whether what is traded moves together, and which pairs do."""

import asyncio
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import get
from litestar.params import QueryParameter

from api.access import caller_of
from api.books import source
from api.floor import Floor, TheFloor
from api.market import now, series_of
from api.requests import AnyRequest
from api.routes.risk import Days, Some, Window, named
from api.shapes.base import Shape
from db.reads import risk_figures
from db.reads.sessions_seen import sessions_seen
from openoutcry.errors import DataUnavailable
from openoutcry.risk.togetherness import State, StrongPair, strong_pairs, togetherness

Threshold = Annotated[
    float,
    QueryParameter(gt=0, le=1, description="Correlation, either way, that is worth saying.", required=False),
]
MOST = 20


class CorrelationRegime(Shape, frozen=True, kw_only=True):
    """``regime`` is high (or low) where the mean correlation of all pairs in the last window is above three quarters
    (below a quarter) of what it was in the windows before; null where nothing moves.
    """

    regime: State | None
    average_correlation: float | None
    long_term_correlation: float | None
    min_correlation: float | None
    max_correlation: float | None
    percentile: float | None
    windows: int
    symbols: list[str]
    window_days: int
    lookback_days: int
    timestamp: datetime


class CorrelationAlert(Shape, frozen=True, kw_only=True):
    """A pair at or beyond the threshold; ``recent`` is its correlation of the last 30 days."""

    symbol1: str
    symbol2: str
    correlation: float
    recent: float | None
    severity: Literal["info", "warning", "error"]
    message: str


class CorrelationAlerts(Shape, frozen=True, kw_only=True):
    """The strongest pair first."""

    alerts: list[CorrelationAlert]
    total_alerts: int
    threshold: float
    symbols: list[str]
    lookback_days: int
    timestamp: datetime


@get("/api/v1/correlation/regime", tags=["risk"], permission="view_metrics")
async def regime(
    request: AnyRequest,
    floor: TheFloor,
    symbols: Some = None,
    window_days: Window = 30,
    lookback_days: Days = 252,
) -> CorrelationRegime:
    """Whether the traded assets move together more than they used to, from stored daily candles."""
    at, returns = await _returns(request, floor, symbols, lookback_days)
    found = togetherness(returns, window_days)
    return CorrelationRegime(
        regime=found.state,
        average_correlation=found.current,
        long_term_correlation=found.average,
        min_correlation=found.lowest,
        max_correlation=found.highest,
        percentile=found.percentile,
        windows=found.windows,
        symbols=list(returns),
        window_days=window_days,
        lookback_days=lookback_days,
        timestamp=at,
    )


@get("/api/v1/correlation/alerts", tags=["risk"], role="trader", permission="view_alerts")
async def alerts(
    request: AnyRequest,
    floor: TheFloor,
    symbols: Some = None,
    threshold: Threshold = 0.8,
    lookback_days: Days = 252,
) -> CorrelationAlerts:
    """Pairs of traded assets that move alike, or opposite."""
    at, returns = await _returns(request, floor, symbols, lookback_days)
    found = [_alert(pair, threshold) for pair in strong_pairs(returns, threshold)]
    return CorrelationAlerts(
        alerts=found,
        total_alerts=len(found),
        threshold=threshold,
        symbols=list(returns),
        lookback_days=lookback_days,
        timestamp=at,
    )


def _alert(pair: StrongPair, threshold: float) -> CorrelationAlert:
    strength = abs(pair.correlation)
    how = "alike" if pair.correlation > 0 else "opposite"
    return CorrelationAlert(
        **asdict(pair),
        severity="error" if strength >= 0.95 else "warning" if strength >= 0.8 else "info",
        message=f"{pair.symbol1} and {pair.symbol2} move {how}: {pair.correlation:.2f} (threshold {threshold:g})",
    )


async def _returns(
    request: AnyRequest, floor: Floor, symbols: str | None, days: int
) -> tuple[datetime, dict[str, Any]]:
    """When, and daily returns of the symbols named; else of the markets traded, else of every stored spot market."""
    at, books = await now(floor), source(floor)
    exchange, names = floor.run.exchange, [] if symbols is None else named(symbols)
    if not names:
        try:
            seen = await sessions_seen(books, caller_of(request).org_id)
            names = list(dict.fromkeys(one.book.symbol for one in seen))
            exchange = seen[0].book.exchange
        except DataUnavailable:
            names = []
    if len(names) < 2 and symbols is None:
        stored = [one for one in await series_of(floor) if one.exchange == exchange and ":" not in one.symbol]
        names = list(dict.fromkeys([*names, *(one.symbol for one in stored)]))[:MOST]
    return at, await asyncio.to_thread(risk_figures.shared_returns, books.reader, exchange, names, at, days)


HANDLERS = [regime, alerts]
