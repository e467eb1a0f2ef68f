"""``/api/v1/sessions``: every run of capital on one symbol, and its equity curve."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import MediaType, get
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.encoding import Answer, encode
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.paging import Walk
from api.params import Anchor, Offset, Symbol, one_of, read_choice, read_id, read_symbol
from api.perhaps_read import perhaps_read
from api.requests import AnyRequest
from api.shapes.base import shaped, tidy
from api.shapes.sessions import EquityCurve, EquityPoint, OneSession, Session, SessionList
from db.reads import sessions as reads
from db.reads.minds import said_in_session
from db.reads.written import Written
from openoutcry.ledger.stats import SessionStats

STATUSES = ("RUNNING", "PAUSED", "STOPPED")
Limit = Annotated[
    int, QueryParameter(ge=1, le=500, description="At most this many (default 50).", required=False)
]
Points = Annotated[
    int, QueryParameter(ge=2, le=10_000, description="Thin the curve to this many.", required=False)
]


@get("/api/v1/sessions", tags=["sessions"])
async def list_sessions(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Symbol = None,
    status: Annotated[str | None, one_of(STATUSES)] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Answer[SessionList]:
    """Trading sessions, those that run first, then the newest."""
    walk = await Walk.of(request, floor, offset, anchor)
    found = await floor.unchanged.read(
        _page,
        caller_of(request).org_id,
        read_symbol(symbol),
        read_choice(status, "status", STATUSES),
        limit,
        offset,
        walk.snapshot,
    )
    walk.leave(found.seen or None, found.shown, limit)
    written: Any = found.text  # a SessionList, as it goes out
    return Answer(written, media_type=MediaType.JSON)


async def _page(
    pool: asyncpg.Pool,
    org_id: UUID,
    symbol: str | None,
    status: str | None,
    limit: int,
    offset: int,
    snapshot: str | None,
) -> Written:
    rows = await reads.list_sessions(
        pool, org_id, symbol=symbol, status=status, limit=limit, offset=offset, snapshot=snapshot
    )
    sessions = [session_of(row) for row in rows]
    text = encode(SessionList(sessions=sessions, count=len(sessions)))
    return Written(text, len(rows), rows[0]["seen"] if rows else "")


@get("/api/v1/sessions/{id:str}", tags=["sessions"])
async def get_session(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> OneSession:
    """One trading session, and what its models may have read before."""
    found = await _find(request, floor, id)
    said = await said_in_session(floor.pool, found["id"])
    return OneSession(session=session_of(found), readings=perhaps_read(floor, said))


@get("/api/v1/sessions/{id:str}/equity", tags=["sessions"])
async def get_equity(
    request: AnyRequest, floor: TheFloor, id: FromPath[str], points: Points = 1000
) -> EquityCurve:
    """The equity curve, oldest first; thinned evenly, the newest point always kept."""
    session = await _find(request, floor, id)
    rows = await reads.equity(floor.pool, session["id"], points)
    curve = [shaped(row, EquityPoint, timestamp=row["as_of"]) for row in rows]
    return EquityCurve(
        session_id=session["id"],
        symbol=session["symbol"],
        source=session["source"],
        initial_capital=tidy(session["initial_capital"]),
        points=curve,
        count=len(curve),
    )


async def _find(request: AnyRequest, floor: Floor, text: str) -> Mapping[str, Any]:
    row = await reads.get_session(floor.pool, caller_of(request).org_id, read_id(text, "session"))
    if row is None:
        raise Failure(404, "session not found", session_id=text)
    found: Mapping[str, Any] = row
    return found


def session_of(row: Mapping[str, Any]) -> Session:
    """A row of ``sessions`` with its running figures."""
    stats = (
        SessionStats.model_validate(row["stats"])
        if row["stats"]
        else SessionStats(equity=row["initial_capital"])
    )
    return shaped(
        row,
        Session,
        final_capital=row["final_capital"] if row["final_capital"] is not None else stats.equity,
        total_pnl=stats.total_pnl,
        total_trades=stats.trades,
        winning_trades=stats.wins,
        losing_trades=stats.losses,
        max_drawdown=stats.max_drawdown,
        sharpe_ratio=stats.sharpe(row["timeframe"]),
    )


HANDLERS = [list_sessions, get_session, get_equity]
