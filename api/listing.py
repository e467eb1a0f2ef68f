"""A page of strategies as two products ask for one: ``skip`` or ``offset``, and a length that depends on who asks."""

import math
from dataclasses import dataclass

from api.access import caller_of
from api.dialects import page_limit, page_most
from api.failures import invalid_query
from api.floor import Floor
from api.paging import Walk
from api.params import read_choice
from api.requests import AnyRequest
from db.strategies.listing import SORTS, Page, Query, listing
from openoutcry.strategy.lifecycle import STAGES, STATUSES
from openoutcry.strategy.naming import asset

PAGE = 20
MOST_OFFSET = 1_000_000
MOST_NUMBER = 1e15
ASCENDING = frozenset({"name", "drawdown"})
"""What is listed from its least when nobody says which way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The query parameters as they came."""

    stage: str | None
    status: str | None = None
    exchange: str | None
    timeframe: str | None
    asset: str | None = None
    strategy_type: str | None = None
    search: str | None
    min_sharpe: float | None
    max_drawdown: float | None
    include_archived: bool = False
    sort_by: str | None
    sort_order: str | None
    limit: int | None
    skip: int | None
    offset: int | None
    anchor: str | None = None


async def page_of(request: AnyRequest, floor: Floor, asked: Asked, sort: str) -> tuple[Page, Query]:
    """The page asked for, sorted by ``sort`` when nobody says; and the query as it was understood.

    Raises Failure 400 and BadInput naming the parameter.
    """
    query = _query(request, asked, sort)
    step = "offset" if asked.offset is not None else "skip"
    walk = await Walk.of(request, floor, query.offset, asked.anchor, step)
    page = await listing(
        floor.pool, caller_of(request).org_id, query.model_copy(update={"snapshot": walk.snapshot})
    )
    walk.leave(page.seen, len(page.items), query.limit)
    return page, query


def _query(request: AnyRequest, asked: Asked, sort: str) -> Query:
    by = read_choice(asked.sort_by, "sort_by", tuple(SORTS)) or sort
    order = read_choice(asked.sort_order, "sort_order", ("asc", "desc"))
    return Query.model_validate(
        {
            "stage": read_choice(asked.stage, "stage", STAGES),
            "status": read_choice(asked.status, "status", STATUSES),
            "exchange": None if asked.exchange is None else asked.exchange.strip().lower(),
            "timeframe": asked.timeframe,
            "asset": None if asked.asset is None else asset(asked.asset),
            "strategy_type": asked.strategy_type,
            "search": asked.search,
            "min_sharpe": _finite(asked.min_sharpe, "min_sharpe"),
            "max_drawdown": _fraction(asked.max_drawdown),
            "include_archived": asked.include_archived,
            "sort_by": by,
            "descending": order == "desc" if order else by not in ASCENDING,
            "limit": _limit(request, asked.limit),
            "offset": _offset(asked),
        }
    )


def _limit(request: AnyRequest, limit: int | None) -> int:
    if limit is None:
        return page_limit(request.scope, request.query_params, PAGE)
    most = page_most(request.scope, request.query_params)
    if not 1 <= limit <= most:
        raise invalid_query(f"limit: {limit} must be from 1 to {most}", "limit")
    return limit


def _offset(asked: Asked) -> int:
    if asked.skip is not None and asked.offset is not None and asked.skip != asked.offset:
        raise invalid_query(
            f"skip {asked.skip} and offset {asked.offset} are the same thing: send one", "skip"
        )
    field, value = ("skip", asked.skip) if asked.skip is not None else ("offset", asked.offset or 0)
    if not 0 <= value <= MOST_OFFSET:
        raise invalid_query(f"{field}: {value} must be from 0 to {MOST_OFFSET}", field)
    return value


def _fraction(value: float | None) -> float | None:
    """A drawdown of either sign, as a fraction or in percent."""
    number = _finite(value, "max_drawdown")
    if number is None:
        return None
    number = abs(number)
    return number / 100 if number > 1 else number


def _finite(value: float | None, field: str) -> float | None:
    if value is not None and not (math.isfinite(value) and abs(value) <= MOST_NUMBER):
        raise invalid_query(f"{field}: must be a finite number of at most 15 digits", field)
    return value
