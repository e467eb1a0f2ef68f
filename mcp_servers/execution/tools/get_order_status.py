"""One order."""

from typing import Annotated

from pydantic import Field

from mcp_servers.execution.answers import OrderView, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.orders_table import one
from mcp_servers.toolkit import Call, ToolResult, tool


class OrderStatusAnswer(ToolResult):
    """The order."""

    order: OrderView


@tool(scope="order:read", read_only=True)
async def get_order_status(
    call: Call[ExecutionDeps],
    order_id: Annotated[str, Field(description="Order id or client order id (oo-...)", max_length=40)],
) -> OrderStatusAnswer:
    """Where one order stands, and why if it was refused."""
    return OrderStatusAnswer(**head(call), order=await one(call.deps.pool, call.caller.org_id, order_id))
