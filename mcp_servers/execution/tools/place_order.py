"""Placing one approved order, or asking for one to be placed."""

from typing import Annotated

from pydantic import Field

from mcp_servers.execution.answers import OrderAnswer, head, told
from mcp_servers.execution.asking import ask_for_order
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.intents import Intent
from mcp_servers.execution.leaving import Guard
from mcp_servers.execution.permission import permitted
from mcp_servers.execution.placing import place
from mcp_servers.execution.round import AfterArg, fences, in_round, market_time
from mcp_servers.toolkit import Call, tool
from openoutcry.errors import NotAuthorised
from openoutcry.types.commands import PlaceOrder
from openoutcry.types.orders import Approval, OrderRequest


@tool(scope="order:place", destructive=True)
async def place_order(
    call: Call[ExecutionDeps],
    order: Annotated[OrderRequest, Field(description="What is wanted")],
    approval: Annotated[
        Approval | None, Field(description="The gate's signed approval of exactly this order")
    ] = None,
    after: AfterArg = 0,
) -> OrderAnswer:
    """Place an order. In a round it needs the gate's approval, and the same leg is the same order, never a
    second.

    Outside a round the floor's risk gate decides: the answer says what became of it, or which rule refused
    it.
    """
    if call.round is None:
        if approval is not None:
            raise NotAuthorised("approval: can only be used within its round")
        return await ask_for_order(call, manual(order))
    claims = in_round(call)
    if approval is None:
        raise NotAuthorised("approval: an order within a round needs one")
    permitted(call.deps.key, approval, order, claims)
    facts = await call.deps.sessions.facts(claims.session_id, claims.org_id)
    intent = Intent(facts, claims.seq, order, approval, claims.as_of)
    async with call.deps.desk.account(facts) as venue:
        guard = Guard(fences(call.deps.desk.fences(facts), claims), call.deps.kill_file, call.until)
        at = market_time(call, claims)
        state = await place(call.deps.pool, venue, intent, at, guard, after=after)
        news = venue.upto_placing(claims.seq, order.leg, after)
    return OrderAnswer(
        **head(call),
        status=state.status,
        order_id=str(intent.id),
        error=state.error,
        order=state,
        **told(news, venue),
    )


def manual(order: OrderRequest, session_id: str | None = None) -> PlaceOrder:
    """The same wish as a command; the orchestrator names its leg."""
    return PlaceOrder(
        session_id=session_id,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        quantity=order.quantity,
        price=order.price,
        stop_price=order.stop_price,
        time_in_force=order.time_in_force,
    )
