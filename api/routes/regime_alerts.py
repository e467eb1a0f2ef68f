"""``/api/v1/regime/alerts``: changes of regime, and markets whose regime is not sure or not stable."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Literal

from litestar import get

from api.access import caller_of
from api.floor import TheFloor
from api.market import now
from api.requests import AnyRequest
from api.routes.regime import Hours
from api.shapes.base import Shape
from db.candles import Series
from db.regimes import history as reads
from openoutcry.regime.names import shown

LIKELY, UNSURE, UNSTABLE = 0.3, 0.5, 0.5
"""AlphaPulse's bars: a change more probable than this, a confidence or stability below that."""
BEFORE = timedelta(days=365)


class RegimeAlert(Shape, frozen=True, kw_only=True):
    """One alert: ``kind`` is confirmed or likely (a transition), confidence or stability; ``value`` what raised it."""

    kind: Literal["confirmed", "likely", "confidence", "stability"]
    symbol: str
    timeframe: str
    exchange: str
    regime: str
    from_regime: str | None
    to_regime: str | None
    value: float
    threshold: float | None
    severity: Literal["info", "warning", "error"]
    message: str
    timestamp: datetime


class RegimeAlerts(Shape, frozen=True, kw_only=True):
    """Newest first."""

    regime_transition_alerts: list[RegimeAlert]
    confidence_alerts: list[RegimeAlert]
    stability_alerts: list[RegimeAlert]
    total_alerts: int
    time_range_hours: int


@get("/api/v1/regime/alerts", tags=["regime"], role="trader", permission="view_alerts")
async def alerts(request: AnyRequest, floor: TheFloor, hours: Hours = 24) -> RegimeAlerts:
    """Of every market the floor follows: confirmed and likely changes, low confidence, low stability."""
    org_id, until = caller_of(request).org_id, await now(floor)
    since = until - timedelta(hours=hours)
    found: list[RegimeAlert] = []
    for series in await reads.followed(floor.pool, org_id):
        spells = await reads.spells(floor.pool, org_id, series, since=since - BEFORE, as_of=until)
        found += _changes(series, spells, since)
        current = await reads.current(floor.pool, org_id, series)
        if current is not None and since <= current.closed_at <= until:
            found += _doubts(series, current)
    found.sort(key=lambda one: (one.timestamp, one.symbol), reverse=True)
    moved = [one for one in found if one.kind in ("confirmed", "likely")]
    unsure = [one for one in found if one.kind == "confidence"]
    shaky = [one for one in found if one.kind == "stability"]
    return RegimeAlerts(
        regime_transition_alerts=moved,
        confidence_alerts=unsure,
        stability_alerts=shaky,
        total_alerts=len(found),
        time_range_hours=hours,
    )


def _changes(series: Series, spells: list[reads.Spell], since: datetime) -> Iterable[RegimeAlert]:
    for before, after in pairwise(spells):
        if after.started_at < since:
            continue
        old, new = shown(before.regime), shown(after.regime)
        yield _alert(
            series, "confirmed", new, after.started_at, after.confidence,
            f"{series.symbol} {series.timeframe} went from {old} to {new}",
            severity="error" if after.regime == "crisis" else "info", change=(old, new),
        )  # fmt: skip


def _doubts(series: Series, current: reads.Current) -> Iterable[RegimeAlert]:
    told, at, name = current.told, current.closed_at, f"{series.symbol} {series.timeframe}"
    regime = told["regime"]
    for other, chance in sorted(told["transition_probabilities"].items()):
        if other.upper() != regime and chance > LIKELY:
            text = f"{name} may leave {regime} for {other.upper()}: {chance:.0%}"
            yield _alert(series, "likely", regime, at, chance, text, LIKELY, change=(regime, other.upper()))
    if told["confidence"] < UNSURE:
        text = f"{name} is {regime} with a confidence of only {told['confidence']:.2f}"
        yield _alert(series, "confidence", regime, at, told["confidence"], text, UNSURE)
    if told["stability"] is not None and told["stability"] < UNSTABLE:
        text = f"{name}: only {told['stability']:.0%} of the last bars agree on {regime}"
        yield _alert(series, "stability", regime, at, told["stability"], text, UNSTABLE)


def _alert(
    series: Series,
    kind: Literal["confirmed", "likely", "confidence", "stability"],
    regime: str,
    at: datetime,
    value: float,
    message: str,
    threshold: float | None = None,
    *,
    severity: Literal["info", "warning", "error"] = "warning",
    change: tuple[str, str] | tuple[None, None] = (None, None),
) -> RegimeAlert:
    return RegimeAlert(
        kind=kind, symbol=series.symbol, timeframe=series.timeframe, exchange=series.exchange, regime=regime,
        from_regime=change[0], to_regime=change[1], value=value, threshold=threshold, severity=severity,
        message=message, timestamp=at,
    )  # fmt: skip


HANDLERS = [alerts]
