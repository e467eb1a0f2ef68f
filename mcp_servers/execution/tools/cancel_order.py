"""Cancelling a working order."""

from typing import Annotated

from pydantic import Field

from mcp_servers.execution.answers import OrderAnswer, head, told
from mcp_servers.execution.asking import ask_for_order
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.leaving import holding
from mcp_servers.execution.round import AfterArg, fences, market_time
from mcp_servers.toolkit import Call, tool
from openoutcry.errors import BadInput
from openoutcry.orders import client_order_id
from openoutcry.types.commands import CancelOrder
from openoutcry.types.orders import Leg
from wire.tokens import RoundClaims


@tool(scope="order:cancel", destructive=True, idempotent=True)
async def cancel_order(
    call: Call[ExecutionDeps],
    order_id: Annotated[str | None, Field(description="The order, outside a round", max_length=40)] = None,
    order_seq: Annotated[int | None, Field(description="Round of the order, in a round", ge=0)] = None,
    leg: Annotated[Leg | None, Field(description="Leg of the order, in a round")] = None,
    after: AfterArg = 0,
) -> OrderAnswer:
    """Cancel an order that still works; one that is final stays as it is."""
    if call.round is None:
        if order_id is None:
            raise BadInput("order_id: needed outside a round", field="order_id")
        return await ask_for_order(call, CancelOrder(order_id=order_id))
    if order_seq is None or leg is None:
        raise BadInput("order_seq, leg: needed in a round", field="order_seq" if order_seq is None else "leg")
    return await _cancelled(call, call.round, order_seq, leg, after)


async def _cancelled(
    call: Call[ExecutionDeps], claims: RoundClaims, order_seq: int, leg: str, after: int
) -> OrderAnswer:
    facts = await call.deps.sessions.facts(claims.session_id, claims.org_id)
    name = client_order_id(claims.session_id, order_seq, leg)
    async with call.deps.desk.account(facts) as venue:
        still = await holding(call.deps.pool, fences(call.deps.desk.fences(facts), claims))
        state = await venue.cancel(name, at=market_time(call, claims), by_seq=claims.seq, still=still)
        if state is None:
            raise BadInput(f"leg: the venue has no order {leg} of round {order_seq}", field="leg")
        news = venue.upto_cancelling(claims.seq, name, after)
    known = next((s for s in news.orders if (s.order_seq, s.leg) == (order_seq, leg)), state)
    return OrderAnswer(**head(call), status=known.status, error=known.error, order=known, **told(news, venue))
