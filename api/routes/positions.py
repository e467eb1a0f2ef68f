"""``/api/v1/positions``: what is held."""

from typing import Annotated

from litestar import get
from litestar.params import PathParameter

from api.access import caller_of
from api.failures import Failure
from api.floor import TheFloor
from api.params import SessionId, read_session
from api.requests import AnyRequest
from api.shapes.base import shaped
from api.shapes.positions import OnePosition, Position, PositionList
from db.reads import positions as reads
from openoutcry.types.symbols import canonical

RESERVED = frozenset({"spot", "futures", "metrics"})
"""Words that name other resources, never a symbol."""


@get("/api/v1/positions", tags=["positions"])
async def list_positions(request: AnyRequest, floor: TheFloor, session_id: SessionId = None) -> PositionList:
    """Open positions, optionally of one trading session."""
    org_id = caller_of(request).org_id
    rows = await reads.open_positions(floor.pool, org_id, read_session(session_id))
    positions = [shaped(row, Position) for row in rows]
    return PositionList(positions=positions, count=len(positions))


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
