"""Orders, newest first, in pages."""

from typing import Annotated

from pydantic import Field, WithJsonSchema

from mcp_servers.cursors import CursorArg
from mcp_servers.execution.answers import BARE, OrderView, Status, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.orders_table import page
from mcp_servers.execution.wishes import SessionArg
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.symbols import canonical


class OrderList(ToolResult):
    """One page; ``next_cursor`` asks for the next, null on the last."""

    orders: Annotated[tuple[OrderView, ...], WithJsonSchema(BARE)]
    next_cursor: str | None


@tool(scope="order:read", read_only=True)
async def list_orders(
    call: Call[ExecutionDeps],
    session_id: SessionArg = None,
    symbol: Annotated[str | None, Field(description="Only this symbol", max_length=40)] = None,
    status: Annotated[Status | None, Field(description="Only orders that stand so")] = None,
    limit: Annotated[int, Field(description="Orders per page", ge=1, le=200)] = 50,
    cursor: CursorArg = None,
) -> OrderList:
    """Orders of all sessions or one, newest first: sent, filled, refused by the gate."""
    found, following = await page(
        call.deps.pool,
        call.caller.org_id,
        session_id=session_id,
        symbol=None if symbol is None else canonical(symbol),
        status=status,
        limit=limit,
        cursor=cursor,
    )
    return OrderList(**head(call), orders=found, next_cursor=following)
