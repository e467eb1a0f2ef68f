"""``/api/v1/portfolio`` and ``/api/v1/metrics``: the account now, and its figures over time."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import Annotated

from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.books import seen_or_none, source
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.params import SessionId, one_of, read_time
from api.ping import ping
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.described import ReloadOf
from db import state
from db.reads import risk_figures
from db.reads.account import equity_line
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.portfolio import mark
from openoutcry.risk.allocation import short_name
from openoutcry.risk.history import (
    AGGREGATIONS,
    METRICS,
    Metric,
    Point,
    account_line,
    bucketed,
    metric_line,
    read_aggregation,
    read_metric,
)
from openoutcry.risk.seen import Seen, together
from wire.clock import WallClock

DAY = timedelta(days=1)
HISTORY = timedelta(days=30)
LONGEST = timedelta(days=3660)
HOURLY_UNTIL = timedelta(days=7)
Flag = Annotated[bool, QueryParameter(required=False)]
Time = Annotated[str | None, QueryParameter(description="RFC 3339, market time.", required=False)]
MetricType = Annotated[str, PathParameter(description=", ".join(METRICS), max_length=40)]


class Holding(Shape, frozen=True, kw_only=True):
    """One position; ``allocation`` is its share of the total value, negative when short."""

    symbol: str
    quantity: float
    value: float
    allocation: float | None
    entry_price: float
    current_price: float
    pnl: float
    pnl_percentage: float | None


class PastValue(Shape, frozen=True, kw_only=True):
    """The account at the end of a day."""

    timestamp: datetime
    total_value: float
    cash: float
    positions_value: float


class PortfolioView(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """The account. ``history`` comes when asked for; ``metrics`` are null where a figure does not exist yet."""

    total_value: float
    cash: float
    positions: list[Holding]
    metrics: dict[str, float | None]
    data_source: str
    fetched_at: datetime
    history: list[PastValue] | None = None


class Reloaded(Shape, frozen=True, kw_only=True):
    """What was read again."""

    status: str
    message: str
    timestamp: datetime
    results: dict[str, ReloadOf]


class Measured(Shape, frozen=True, kw_only=True):
    """A value at an instant."""

    timestamp: datetime
    value: float
    labels: dict[str, str]


class Latest(Shape, frozen=True, kw_only=True):
    """The newest value, and its relative change over the day before it; null when there was none."""

    timestamp: datetime
    value: float
    change_24h: float | None


class Store(Shape, frozen=True, kw_only=True):
    """How a store behind the metrics does."""

    status: str
    metrics: dict[str, float]
    message: str


@get("/api/v1/portfolio", tags=["portfolio"], permission="view_portfolio")
async def portfolio(
    request: AnyRequest,
    floor: TheFloor,
    session_id: SessionId = None,
    include_history: Flag = False,
    refresh: Flag = False,
) -> PortfolioView:
    """The account as the ledger has it: it is read anew for every answer, so `refresh` changes nothing."""
    found = await seen_or_none(request, floor, session_id)
    history = await _history(request, floor) if include_history else None
    now = WallClock().now()
    if not found:
        return PortfolioView(
            total_value=0.0,
            cash=0.0,
            positions=[],
            metrics=_nothing(),
            data_source="none",
            fetched_at=now,
            history=history,
        )
    whole, prices = together(found)
    equity = float(mark(whole, prices).equity)
    return PortfolioView(
        total_value=equity,
        cash=float(whole.cash),
        positions=_holdings(found, equity),
        metrics=await _metrics(floor, found[-1], equity / float(whole.initial_capital) - 1.0),
        data_source=found[0].book.source,
        fetched_at=now,
        history=history,
    )


@post(
    "/api/v1/portfolio/reload",
    tags=["portfolio"],
    role="trader",
    permission="execute_trades",
    status_code=200,
)
async def reload(request: AnyRequest, floor: TheFloor) -> Reloaded:
    """Read the accounts again. They are the floor's own ledger, checked against the venue in every round."""
    return await reloaded(request, floor)


@get("/api/v1/metrics/cache", tags=["portfolio"], permission="view_metrics")
async def cache(floor: TheFloor) -> Store:
    """There is no cache: every answer is read from the ledger."""
    return Store(status="inactive", metrics={}, message="every answer is read from the ledger")


@get("/api/v1/metrics/database", tags=["portfolio"], permission="view_metrics")
async def database(floor: TheFloor) -> Store:
    """How the database answers."""
    answered = await ping(floor.pool)
    latency = {} if answered.latency_ms is None else {"latency_ms": answered.latency_ms}
    return Store(status="active" if answered.ok else "inactive", metrics=latency, message=answered.message)


@get("/api/v1/metrics/{metric_type:str}", tags=["portfolio"], permission="view_metrics")
async def metric(
    request: AnyRequest,
    floor: TheFloor,
    metric_type: MetricType,
    start_time: Time = None,
    end_time: Time = None,
    aggregation: Annotated[str, one_of(AGGREGATIONS)] = "avg",
) -> list[Measured]:
    """A figure of the account over time, the last 24 hours of market time unless told: by the hour up to a week, else
    by the day.
    """
    kind, how = read_metric(metric_type), read_aggregation(aggregation)
    until = read_time(end_time, "end_time") or await _now(floor)
    since = read_time(start_time, "start_time") or until - DAY
    if since >= until or until - since > LONGEST:
        raise BadInput("start_time: must be before end_time, by at most ten years", field="start_time")
    width = timedelta(hours=1) if until - since <= HOURLY_UNTIL else DAY
    made = bucketed(await _line(request, floor, kind, since, until), width, how)
    return [Measured(timestamp=p.at, value=p.value, labels={"aggregation": how}) for p in made]


@get("/api/v1/metrics/{metric_type:str}/latest", tags=["portfolio"], permission="view_metrics")
async def latest(request: AnyRequest, floor: TheFloor, metric_type: MetricType) -> Latest:
    """The newest value of a figure of the account."""
    kind, until = read_metric(metric_type), await _now(floor)
    line = await _line(request, floor, kind, until - 2 * DAY, until)
    if not line:
        raise Failure(404, "no metric data", details=f"{kind} has no value yet")
    newest = line[-1]
    before = next((p.value for p in reversed(line) if p.at <= newest.at - DAY), None)
    change = newest.value / before - 1.0 if before else None
    return Latest(timestamp=newest.at, value=newest.value, change_24h=change)


async def reloaded(request: AnyRequest, floor: Floor) -> Reloaded:
    """The accounts of the caller's sessions, read again, by exchange."""
    started = perf_counter()
    found = await seen_or_none(request, floor)
    results: dict[str, ReloadOf] = {}
    for each in found:
        items = 1 + len(each.book.portfolio.positions) + len(each.working)
        seconds = round(perf_counter() - started, 6)
        entry = results.setdefault(
            each.book.exchange,
            {
                "success": True,
                "items_processed": 0,
                "items_synced": 0,
                "duration_seconds": seconds,
                "errors": [],
            },
        )
        entry["items_processed"] += items
        entry["items_synced"] += items
        if each.stale:
            entry["errors"].append(f"{each.book.symbol}: the newest price is an older one")
    stale = any(entry["errors"] for entry in results.values())
    return Reloaded(
        status="partial_success" if stale else "success",
        message="Exchange data reloaded" if found else "No session to reload",
        timestamp=WallClock().now(),
        results=results,
    )


async def _now(floor: Floor) -> datetime:
    return await state.clock(floor.pool) or WallClock().now()


async def _line(
    request: AnyRequest, floor: Floor, kind: Metric, since: datetime, until: datetime
) -> list[Point]:
    rows = await equity_line(floor.pool, caller_of(request).org_id, since, until)
    line = account_line((row["session_id"], row["as_of"], float(row["equity"])) for row in rows)
    return metric_line(line, kind)


async def _history(request: AnyRequest, floor: Floor) -> list[PastValue]:
    until = await _now(floor)
    rows = await equity_line(floor.pool, caller_of(request).org_id, until - HISTORY, until)
    equity = account_line((row["session_id"], row["as_of"], float(row["equity"])) for row in rows)
    cash = account_line((row["session_id"], row["as_of"], float(row["cash"])) for row in rows)
    days = {e.at.date(): (e, c) for e, c in zip(equity, cash, strict=True)}
    return [
        PastValue(timestamp=e.at, total_value=e.value, cash=c.value, positions_value=e.value - c.value)
        for e, c in days.values()
    ]


def _holdings(found: Sequence[Seen], equity: float) -> list[Holding]:
    rows = []
    for each in found:
        for position in each.book.portfolio.positions:
            price, entry = float(each.prices[position.symbol]), float(position.entry_price)
            signed = float(position.quantity) * (1 if position.side == "LONG" else -1)
            pnl = signed * (price - entry)
            rows.append(
                Holding(
                    symbol=short_name(position.symbol),
                    quantity=signed,
                    value=signed * price,
                    allocation=signed * price / equity if equity > 0 else None,
                    entry_price=entry,
                    current_price=price,
                    pnl=pnl,
                    pnl_percentage=100.0 * pnl / abs(signed * entry) if signed and entry else None,
                )
            )
    return rows


async def _metrics(floor: Floor, newest: Seen, since_inception: float) -> dict[str, float | None]:
    try:
        found = await risk_figures.account_figures(source(floor), newest)
    except DataUnavailable:
        return {**_nothing(), "return_since_inception": since_inception}
    return {
        "sharpe_ratio": found.sharpe_ratio,
        "sortino_ratio": found.sortino_ratio,
        "max_drawdown": found.max_drawdown,
        "volatility": found.volatility,
        "return_since_inception": since_inception,
    }


def _nothing() -> dict[str, float | None]:
    names = ("sharpe_ratio", "sortino_ratio", "max_drawdown", "volatility", "return_since_inception")
    return dict.fromkeys(names)


HANDLERS = [portfolio, reload, cache, database, metric, latest]
