"""``/api/v1/users/me``: what the caller made and ran."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter

from api.access import caller_of
from api.floor import TheFloor
from api.paging import Walk
from api.params import Anchor
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.strategies import StrategyList, item
from db.identity.holder import Role
from db.reads import mine
from db.strategies.listing import Query, listing

FIGURES = ("total_return", "irr_annualized", "sharpe_ratio", "win_rate", "max_drawdown", "total_trades")
Skip = Annotated[int, QueryParameter(ge=0, le=1_000_000, description="How many to skip.", required=False)]
Limit = Annotated[
    int, QueryParameter(ge=1, le=1000, description="At most this many (default 100).", required=False)
]


class MyMetrics(Shape, frozen=True, kw_only=True):
    """Who the caller is, and how many of what they have."""

    success: bool
    user_id: UUID
    org_id: UUID
    name: str
    role: Role
    permissions: list[str]
    strategies: int
    strategies_by_status: dict[str, int]
    backtests: int
    backtests_by_status: dict[str, int]
    metrics: dict[str, int]


class MyBacktest(Shape, frozen=True, kw_only=True):
    """A backtest in brief, its figures null before it has any; `/api/v1/backtests/{id}` has the whole."""

    id: UUID
    backtest_id: UUID
    asset: str
    start_date: datetime
    end_date: datetime
    initial_balance: float
    total_return: float | None
    irr_annualized: float | None
    sharpe_ratio: float | None
    win_rate: float | None
    max_drawdown: float | None
    total_trades: int | None
    archived: bool
    archived_at: datetime | None
    strategy_name: str
    strategy_version: str
    status: str
    created_at: datetime
    completed_at: datetime | None


class MyBacktests(Shape, frozen=True, kw_only=True):
    """Backtests, newest first."""

    success: bool
    backtests: list[MyBacktest]
    total: int
    skip: int
    limit: int


@get("/api/v1/users/me/metrics", tags=["users"])
async def my_metrics(request: AnyRequest, floor: TheFloor) -> MyMetrics:
    """Who you are here, and how many strategies and backtests you have."""
    caller = caller_of(request)
    strategies = await mine.strategies_by_status(floor.pool, caller.org_id, str(caller.id))
    backtests = await mine.backtests_by_status(floor.pool, caller.org_id, caller.name)
    return MyMetrics(
        success=True,
        user_id=caller.id,
        org_id=caller.org_id,
        name=caller.name,
        role=caller.role,
        permissions=list(caller.permissions),
        strategies=sum(strategies.values()),
        strategies_by_status=strategies,
        backtests=sum(backtests.values()),
        backtests_by_status=backtests,
        metrics={
            "strategies_count": sum(strategies.values()),
            "backtests_count": sum(backtests.values()),
        },
    )


@get("/api/v1/users/me/strategies", tags=["users"], permission="strategy:read")
async def my_strategies(
    request: AnyRequest, floor: TheFloor, skip: Skip = 0, limit: Limit = 100, anchor: Anchor = None
) -> StrategyList:
    """The strategies you made, newest first, archived ones too."""
    caller = caller_of(request)
    walk = await Walk.of(request, floor, skip, anchor, "skip")
    query = Query(
        owner=str(caller.id),
        include_archived=True,
        sort_by="created",
        descending=True,
        limit=limit,
        offset=skip,
        snapshot=walk.snapshot,
    )
    page = await listing(floor.pool, caller.org_id, query)
    walk.leave(page.seen, len(page.items), limit)
    return StrategyList(
        success=True,
        strategies=[item(one.strategy, one.version) for one in page.items],
        total=page.total,
        limit=limit,
        skip=skip,
        offset=skip,
    )


@get("/api/v1/users/me/backtests", tags=["users"])
async def my_backtests(
    request: AnyRequest, floor: TheFloor, skip: Skip = 0, limit: Limit = 100, anchor: Anchor = None
) -> MyBacktests:
    """The backtests you handed in, newest first."""
    caller = caller_of(request)
    walk = await Walk.of(request, floor, skip, anchor, "skip")
    rows = await mine.backtests(floor.pool, caller.org_id, caller.name, limit, skip, walk.snapshot)
    walk.left(rows, limit)
    seen = rows[0]["seen"] if rows and walk.sight is None else walk.snapshot
    counted = await mine.backtests_by_status(floor.pool, caller.org_id, caller.name, seen)
    found = [_backtest(row) for row in rows]
    return MyBacktests(success=True, backtests=found, total=sum(counted.values()), skip=skip, limit=limit)


def _backtest(row: Mapping[str, Any]) -> MyBacktest:
    asked, figures = row["request"], (row["result"] or {}).get("metrics", {})
    return MyBacktest(
        id=row["id"],
        backtest_id=row["id"],
        asset=str(asked["symbols"][0]),
        start_date=datetime.fromisoformat(asked["start"]),
        end_date=datetime.fromisoformat(asked["end"]),
        initial_balance=float(asked["capital"]),
        archived=row["archived_at"] is not None,
        archived_at=row["archived_at"],
        strategy_name=row["name"],
        strategy_version=row["version"],
        status=row["status"],
        created_at=row["created_at"],
        completed_at=row["finished_at"],
        **{name: figures.get(name) for name in FIGURES},
    )


HANDLERS = [my_metrics, my_strategies, my_backtests]
