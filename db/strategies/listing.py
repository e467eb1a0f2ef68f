"""Lists of strategies: filtered, sorted, ranked and paged, each with the version it is about."""

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from db.seen import SEEN, in_sight
from db.strategies.rows import STRATEGY, VERSION, StoredStrategy, StoredVersion, strategy_of, version_of
from openoutcry.errors import BadInput
from openoutcry.strategy.lifecycle import Stage, Status
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import parse_timeframe

MOST_ROWS = 1_000
MOST_SEARCH = 100
SortBy = Literal["name", "sharpe", "return", "trades", "drawdown", "score", "created", "updated"]
SORTS = {
    "name": "s_name",
    "sharpe": "v_sharpe_ratio",
    "return": "v_total_return",
    "trades": "v_trades",
    "drawdown": "v_max_drawdown",
    "score": "v_score",
    "created": "s_created_at",
    "updated": "s_updated_at",
}
S = ", ".join(f"s.{name} AS s_{name}" for name in STRATEGY.split(", "))
V = ", ".join(
    f"v.{name} AS v_{name}"
    for name in (*VERSION.split(", "), "total_return", "sharpe_ratio", "max_drawdown", "trades")
)
LISTED = f"""
WITH found AS (
    SELECT {S}, {V}, rank() OVER (ORDER BY coalesce(v.score, 0) DESC) AS rank, count(*) OVER () AS total, {SEEN}
    FROM strategies s CROSS JOIN LATERAL (
        SELECT * FROM strategy_versions w WHERE w.strategy_id = s.id AND ($2::text IS NULL OR w.stage = $2)
        ORDER BY CASE WHEN (s.status, w.stage) IN (('live', 'prod'), ('paper', 'staging')) THEN 2
                      WHEN (s.status, w.stage) = ('paper', 'prod') THEN 1 ELSE 0 END DESC, w.number DESC LIMIT 1
    ) v
    WHERE s.org_id = $1
      AND (s.status = $3 OR $3::text IS NULL AND ($4 OR s.status <> 'archived'))
      AND ($5::text IS NULL OR s.exchange = $5)
      AND ($6::text IS NULL OR s.timeframe = $6)
      AND ($7::text IS NULL OR s.asset = $7)
      AND ($8::text IS NULL OR s.strategy_type = $8)
      AND ($9::text IS NULL OR strpos(lower(s.name || ' ' || s.description || ' ' || coalesce(s.asset, '')), lower($9)) > 0)
      AND ($10::float8 IS NULL OR v.sharpe_ratio >= $10)
      AND ($11::float8 IS NULL OR v.max_drawdown <= $11)
      AND ($14::text IS NULL OR s.owner = $14)
      AND {in_sight("s.born", 15)}
)
SELECT * FROM found ORDER BY {{order}} {{direction}} NULLS LAST, s_name LIMIT $12 OFFSET $13
"""


class Query(Frozen):
    """What is asked for. ``max_drawdown`` is a positive fraction; ``stage`` also chooses which version is shown."""

    stage: Stage | None = None
    status: Status | None = None
    exchange: str | None = None
    timeframe: str | None = None
    asset: str | None = None
    strategy_type: str | None = None
    owner: str | None = None
    search: str | None = None
    min_sharpe: float | None = None
    max_drawdown: float | None = None
    include_archived: bool = False
    sort_by: SortBy = "name"
    descending: bool = False
    limit: int = 100
    offset: int = 0
    snapshot: str | None = None
    """Only what was there when the first page was read."""


@dataclass(frozen=True, slots=True)
class Listed:
    """A strategy, the version it is listed with, and its rank by score among all that the filters leave."""

    strategy: StoredStrategy
    version: StoredVersion
    rank: int


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a list and how many there are in all."""

    items: tuple[Listed, ...]
    total: int
    seen: str | None
    """The snapshot it was read in; None of an empty page."""


async def listing(pool: asyncpg.Pool, org_id: UUID, query: Query) -> Page:
    """The strategies of an org. Raises BadInput for a limit, an offset or a text out of bounds."""
    if not 1 <= query.limit <= MOST_ROWS:
        raise BadInput(f"limit: must be from 1 to {MOST_ROWS}", field="limit")
    if not 0 <= query.offset < 2**31:
        raise BadInput("offset: must be a number of rows to skip", field="offset")
    if query.search is not None and (len(query.search) > MOST_SEARCH or "\0" in query.search):
        raise BadInput(f"search: at most {MOST_SEARCH} characters", field="search")
    order, direction = SORTS[query.sort_by], "DESC" if query.descending else "ASC"
    rows = await fetch(pool, LISTED.format(order=order, direction=direction), *_arguments(org_id, query))
    total = rows[0]["total"] if rows else await _total(pool, org_id, query) if query.offset else 0
    return Page(tuple(_listed(row) for row in rows), total, rows[0]["seen"] if rows else None)


async def _total(pool: asyncpg.Pool, org_id: UUID, query: Query) -> int:
    """How many there are when the page asked for lies beyond them."""
    first = await listing(pool, org_id, query.model_copy(update={"offset": 0, "limit": 1}))
    return first.total


def _arguments(org_id: UUID, query: Query) -> list[Any]:
    timeframe = None if query.timeframe is None else parse_timeframe(query.timeframe)
    return [
        org_id,
        query.stage,
        query.status,
        query.include_archived,
        query.exchange,
        timeframe,
        query.asset,
        query.strategy_type,
        query.search,
        query.min_sharpe,
        query.max_drawdown,
        query.limit,
        query.offset,
        query.owner,
        query.snapshot,
    ]


def _listed(row: Row) -> Listed:
    strategy = {name.removeprefix("s_"): value for name, value in row.items() if name.startswith("s_")}
    version = {name.removeprefix("v_"): value for name, value in row.items() if name.startswith("v_")}
    return Listed(strategy_of(strategy), version_of(version), row["rank"])
