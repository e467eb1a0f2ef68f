"""``/api/v1/trades``: executions, newest first."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import MediaType, get
from litestar.params import QueryParameter

from api.access import caller_of
from api.encoding import Answer
from api.floor import TheFloor
from api.paging import Walk
from api.params import Anchor, Offset, SessionId, Symbol, read_session, read_symbol, read_time
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.reads import trades as reads

LATELY = timedelta(days=7)
Limit = Annotated[
    int, QueryParameter(ge=1, le=1000, description="At most this many (default 100).", required=False)
]
Time = Annotated[str | None, QueryParameter(description="RFC 3339, market time.", required=False)]


class Trade(Shape, frozen=True, kw_only=True):
    """One execution. ``fees`` are in the quote asset; ``timestamp`` is market time."""

    id: str
    symbol: str
    side: Literal["buy", "sell"]
    quantity: Decimal
    price: Decimal
    timestamp: datetime
    status: Literal["filled"]
    order_type: str
    fees: Decimal
    liquidity: str
    order_id: UUID | None
    session_id: UUID


@get("/api/v1/trades", tags=["trades"])
async def list_trades(
    request: AnyRequest,
    floor: TheFloor,
    symbol: Symbol = None,
    session_id: SessionId = None,
    start_time: Time = None,
    end_time: Time = None,
    limit: Limit = 100,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> Answer[list[Trade]]:
    """Executions, newest first; those of the last seven days of market time when no `start_time` is given."""
    walk = await Walk.of(request, floor, offset, anchor)
    found = await floor.unchanged.read(
        reads.trades_written,
        caller_of(request).org_id,
        session_id=read_session(session_id),
        symbol=read_symbol(symbol),
        since=read_time(start_time, "start_time"),
        until=read_time(end_time, "end_time"),
        lately=LATELY,
        limit=limit,
        offset=offset,
        sight=walk.sight,
    )
    walk.leave(found.seen, found.shown, limit, found.at)
    written: Any = found.text
    return Answer(written, media_type=MediaType.JSON)  # the JSON of such a list, as it goes out


HANDLERS = [list_trades]
