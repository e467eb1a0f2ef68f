"""``/api/v1/users/me``: what the caller made and ran."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import QueryParameter

from api.access import caller_of
from api.floor import TheFloor
from api.requests import AnyRequest
from api.shapes.base import Shape
from api.shapes.strategies import StrategyList, item
from db.identity.holder import Role
from db.reads import mine
from db.strategies.listing import Query, listing

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


class MyBacktest(Shape, frozen=True, kw_only=True):
    """A backtest in brief; `/api/v1/backtests/{id}` has the whole."""

    backtest_id: UUID
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
    )


@get("/api/v1/users/me/strategies", tags=["users"], permission="strategy:read")
async def my_strategies(
    request: AnyRequest, floor: TheFloor, skip: Skip = 0, limit: Limit = 100
) -> StrategyList:
    """The strategies you made, newest first, archived ones too."""
    caller = caller_of(request)
    query = Query(
        owner=str(caller.id),
        include_archived=True,
        sort_by="created",
        descending=True,
        limit=limit,
        offset=skip,
    )
    page = await listing(floor.pool, caller.org_id, query)
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
    request: AnyRequest, floor: TheFloor, skip: Skip = 0, limit: Limit = 100
) -> MyBacktests:
    """The backtests you handed in, newest first."""
    caller = caller_of(request)
    rows = await mine.backtests(floor.pool, caller.org_id, caller.name, limit, skip)
    counted = await mine.backtests_by_status(floor.pool, caller.org_id, caller.name)
    found = [
        MyBacktest(
            backtest_id=row["id"],
            strategy_name=row["name"],
            strategy_version=row["version"],
            status=row["status"],
            created_at=row["created_at"],
            completed_at=row["finished_at"],
        )
        for row in rows
    ]
    return MyBacktests(success=True, backtests=found, total=sum(counted.values()), skip=skip, limit=limit)


HANDLERS = [my_metrics, my_strategies, my_backtests]
