"""Positions at the venue."""

from typing import Annotated, Literal

from pydantic import WithJsonSchema

from mcp_servers.execution.answers import BARE, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.wishes import SessionArg
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.amounts import Amount, cents
from openoutcry.types.frozen import Frozen


class NetPosition(Frozen):
    """The venue's net position in one symbol, whatever hedges and trades it is the sum of."""

    symbol: str
    side: Literal["LONG", "SHORT"]
    quantity: Amount
    entry_price: Amount


class PositionsAnswer(ToolResult):
    """Net positions by the venue's own ledger."""

    session_id: str
    positions: Annotated[tuple[NetPosition, ...], WithJsonSchema(BARE)]


@tool(scope="order:read", read_only=True)
async def get_positions(call: Call[ExecutionDeps], session_id: SessionArg = None) -> PositionsAnswer:
    """Net positions of a session, by the venue's own ledger."""
    facts = (await call.deps.sessions.meant(session_id, call.caller.org_id)).facts
    async with call.deps.desk.account(facts) as venue:
        positions = tuple(
            NetPosition(
                symbol=held.symbol,
                side="LONG" if held.quantity > 0 else "SHORT",
                quantity=abs(held.quantity),
                entry_price=cents(held.entry_price),
            )
            for held in venue.positions()
        )
    return PositionsAnswer(**head(call), session_id=str(facts.session_id), positions=positions)
