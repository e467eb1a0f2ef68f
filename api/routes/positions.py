"""``/api/v1/positions``: what is held."""

from typing import Annotated, Any
from uuid import UUID

import asyncpg
from litestar import MediaType, get
from litestar.params import PathParameter

from api.access import caller_of
from api.encoding import Answer, encode
from api.failures import Failure
from api.floor import TheFloor
from api.params import SessionId, read_session
from api.requests import AnyRequest
from api.shapes.base import shaped
from api.shapes.positions import OnePosition, Position, PositionList
from db.reads import positions as reads
from db.reads.written import Written
from openoutcry.types.symbols import canonical

RESERVED = frozenset({"spot", "futures", "metrics"})
"""Words that name other resources, never a symbol."""


@get("/api/v1/positions", tags=["positions"])
async def list_positions(
    request: AnyRequest, floor: TheFloor, session_id: SessionId = None
) -> Answer[PositionList]:
    """Open positions, optionally of one trading session."""
    found = await floor.unchanged.read(_held, caller_of(request).org_id, read_session(session_id))
    written: Any = found.text  # a PositionList, as it goes out
    return Answer(written, media_type=MediaType.JSON)


async def _held(pool: asyncpg.Pool, org_id: UUID, session_id: UUID | None) -> Written:
    rows = await reads.open_positions(pool, org_id, session_id)
    positions = [shaped(row, Position) for row in rows]
    return Written(encode(PositionList(positions=positions, count=len(positions))), len(positions))


@get("/api/v1/positions/{symbol:path}", tags=["positions"])
async def get_position(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Annotated[str, PathParameter(description="BTC/USDT, BTC%2FUSDT, BTCUSDT or BTC-USDT.")],
    session_id: SessionId = None,
) -> OnePosition:
    """The latest position in a symbol, open or closed."""
    name = symbol.strip("/")
    if name.lower() in RESERVED:
        raise Failure(404, "route not found")
    wanted = canonical(name)
    row = await reads.latest_position(floor.pool, caller_of(request).org_id, wanted, read_session(session_id))
    if row is None:
        raise Failure(404, "position not found for symbol", symbol=wanted)
    return OnePosition(position=shaped(row, Position))


HANDLERS = [list_positions, get_position]
