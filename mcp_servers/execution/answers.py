"""What the execution server's tools answer."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, WithJsonSchema

from mcp_servers.execution.venues.protocol import Statement, Venue
from mcp_servers.toolkit import Call, ToolResult
from openoutcry.risk.brackets import by_itself
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Instrument
from openoutcry.types.orders import Fill, OrderRequest, OrderState, WorkingOrder

BARE = {"type": "array", "items": {"type": "object"}}
Fills = Annotated[tuple[Fill, ...], WithJsonSchema(BARE)]
Adopted = Annotated[tuple[WorkingOrder, ...], WithJsonSchema(BARE)]
States = Annotated[tuple[OrderState, ...], WithJsonSchema(BARE)]
Instruments = Annotated[tuple[Instrument, ...], WithJsonSchema(BARE)]
Requests = Annotated[tuple[OrderRequest, ...], WithJsonSchema(BARE)]
Status = Literal[
    "INTENT",
    "SENT",
    "NEW",
    "PARTIALLY_FILLED",
    "FILLED",
    "CANCELED",
    "REJECTED",
    "EXPIRED",
    "UNKNOWN",
    "QUEUED",
]


class AccountNews(ToolResult):
    """What happened at the venue up to event ``cursor``: fills, and one state per order that changed. ``adopted``
    are those that the execution server placed by itself, with what they ask for; ``sent`` what an interrupted attempt of this
    very round has sent; ``instruments`` the exchange's own rules of what the session trades, where it has any.
    """

    fills: Fills = ()
    orders: States = ()
    adopted: Adopted = ()
    sent: Requests = ()
    instruments: Instruments = ()
    cursor: int = 0


class OrderAnswer(ToolResult):
    """Where an order stands. QUEUED: the orchestrator has not come to it yet; ask again with ``order_id``.

    Inside a round ``order`` is the state, and ``fills``, ``orders`` and ``cursor`` tell what happened at the
    venue up to and with it. ``refusal`` says which rule of the risk gate refused it.
    """

    status: Status
    order_id: str | None = None
    error: str | None = None
    refusal: dict[str, Any] | None = None
    order: OrderState | None = None
    fills: Fills = ()
    orders: States = ()
    adopted: Adopted = ()
    cursor: int = 0


class OrderView(Frozen):
    """An order as stored. Times are market time."""

    order_id: str
    session_id: str
    seq: int
    leg: str
    client_order_id: str
    venue_order_id: str | None
    symbol: str
    side: str
    type: str
    status: str
    price: Amount | None
    stop_price: Amount | None
    quantity: Amount
    executed_quantity: Amount
    executed_quote_quantity: Amount
    time_in_force: str
    reduce_only: bool
    reason: str
    refusal: dict[str, Any] | None
    error_message: str | None
    created_at: datetime
    updated_at: datetime


class SessionAnswer(ToolResult):
    """A session and its figures; money in its quote asset. ``queued``: the orchestrator has not come to it
    yet.
    """

    session_id: str | None
    status: str
    detail: dict[str, Any] = Field(
        default_factory=dict, description="Figures, or what the orchestrator answered"
    )


def head(call: Call[Any]) -> dict[str, Any]:
    """The common fields of every answer."""
    return {"as_of": call.as_of, "source": call.source}


def told(statement: Statement, venue: Venue) -> dict[str, Any]:
    """A venue statement as answer fields."""
    placed = {(s.order_seq, s.leg): s for s in statement.orders if by_itself(s.leg)}
    asked = venue.orders() if placed else ()
    adopted = (
        WorkingOrder(request=request, state=placed[key])
        for request, state in asked
        if (key := (state.order_seq, state.leg)) in placed
    )
    return {
        "fills": statement.fills, "orders": statement.orders, "adopted": tuple(adopted), "cursor": statement.cursor,
    }  # fmt: skip
