"""``/api/v1/decisions``: what the floor decided, why, and how it ended."""

from datetime import datetime
from typing import Annotated, Any, TypedDict
from uuid import UUID

from litestar import MediaType, get
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.encoding import Answer, encode
from api.failures import Failure
from api.floor import TheFloor
from api.paging import Walk
from api.params import (
    Anchor,
    Offset,
    SessionId,
    Symbol,
    one_of,
    read_choice,
    read_id,
    read_session,
    read_symbol,
    read_time,
)
from api.perhaps_read import perhaps_read
from api.requests import AnyRequest
from api.shapes.base import shaped
from api.shapes.decisions import (
    DecisionDetail,
    DecisionFilter,
    DecisionList,
    DecisionStats,
    SimilarDecision,
    SimilarList,
    detail_of,
    stats_of,
)
from db.minds.budgets import of_decisions
from db.reads import decisions as reads
from db.reads.minds import said_by_models

OUTCOMES = ("SUCCESS", "FAILURE", "PENDING")
Limit = Annotated[
    int, QueryParameter(ge=1, le=500, description="At most this many (default 50).", required=False)
]
Neighbours = Annotated[
    int, QueryParameter(ge=1, le=50, description="At most this many (default 10).", required=False)
]
Text = Annotated[str | None, QueryParameter(max_length=200, required=False)]
Time = Annotated[
    str | None, QueryParameter(description="RFC 3339, e.g. 2025-01-15T00:00:00Z.", required=False)
]


class Filters(TypedDict):
    """What figures are about."""

    symbol: str | None
    decision_type: str | None
    session_id: UUID | None
    from_date: datetime | None
    to_date: datetime | None


@get("/api/v1/decisions", tags=["decisions"])
async def list_decisions(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Symbol = None,
    decision_type: Text = None,
    outcome: Annotated[str | None, one_of(OUTCOMES)] = None,
    model: Text = None,
    agent_name: Text = None,
    session_id: SessionId = None,
    from_date: Time = None,
    to_date: Time = None,
    limit: Limit = 50,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Answer[DecisionList]:
    """Decisions, newest first; the filters combine."""
    wanted = DecisionFilter(
        symbol=read_symbol(symbol),
        decision_type=decision_type,
        outcome=read_choice(outcome, "outcome", OUTCOMES),
        model=model,
        agent_name=agent_name,
        session_id=read_session(session_id),
        from_date=read_time(from_date, "from_date"),
        to_date=read_time(to_date, "to_date"),
        limit=limit,
        offset=offset,
    )
    walk = await Walk.of(request, floor, offset, anchor)
    found = await floor.unchanged.read(
        reads.decisions_written, caller_of(request).org_id, wanted, walk.snapshot
    )
    walk.leave(found.seen if found.shown else None, found.shown, limit)
    # A DecisionList, as it goes out.
    written: Any = b'{"decisions":%s,"count":%d,"filter":%s}' % (found.text, found.shown, encode(wanted))
    return Answer(written, media_type=MediaType.JSON)


@get("/api/v1/decisions/stats", tags=["decisions"])
async def get_stats(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Symbol = None,
    decision_type: Text = None,
    session_id: SessionId = None,
    from_date: Time = None,
    to_date: Time = None,
) -> DecisionStats:
    """Aggregates over decisions; costs and latencies are measured."""
    org_id = caller_of(request).org_id
    filters = Filters(
        symbol=read_symbol(symbol),
        decision_type=decision_type,
        session_id=read_session(session_id),
        from_date=read_time(from_date, "from_date"),
        to_date=read_time(to_date, "to_date"),
    )
    found = await reads.stats(floor.pool, org_id, **filters)
    said = await said_by_models(floor.pool, org_id, **filters)
    return stats_of(found, await of_decisions(floor.pool, org_id, **filters), perhaps_read(floor, said))


@get("/api/v1/decisions/{id:str}", tags=["decisions"])
async def get_decision(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> DecisionDetail:
    """Everything about one decision."""
    decision_id = read_id(id, "decision")
    row = await reads.get_decision(floor.pool, caller_of(request).org_id, decision_id)
    if row is None:
        raise Failure(404, "decision not found", decision_id=id)
    return detail_of(row)


@get("/api/v1/decisions/{id:str}/similar", tags=["decisions"], haste="search")
async def get_similar(
    request: AnyRequest, floor: TheFloor, id: FromPath[str], limit: Neighbours = 10
) -> SimilarList:
    """Earlier decisions in markets that looked alike, whose outcome was known by then."""
    decision_id = read_id(id, "decision")
    rows = await reads.similar(floor.pool, caller_of(request).org_id, decision_id, limit)
    if rows is None:
        raise Failure(404, "decision not found", decision_id=id)
    similar = [shaped(row, SimilarDecision) for row in rows]
    return SimilarList(decision_id=decision_id, similar=similar, count=len(similar))


HANDLERS = [list_decisions, get_stats, get_decision, get_similar]
