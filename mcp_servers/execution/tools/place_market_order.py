"""A market order for a person or their assistant."""

from mcp_servers.execution.answers import OrderAnswer
from mcp_servers.execution.asking import ask_for_order
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.wishes import QuantityArg, SessionArg, SideArg, wish
from mcp_servers.toolkit import Call, SymbolArg, tool


@tool(scope="order:place", destructive=True)
async def place_market_order(
    call: Call[ExecutionDeps],
    symbol: SymbolArg,
    side: SideArg,
    quantity: QuantityArg,
    session_id: SessionArg = None,
) -> OrderAnswer:
    """Buy or sell at the market, through the floor's risk gate. The answer says what became of the order."""
    return await ask_for_order(call, wish(symbol, side, "MARKET", quantity, session_id=session_id))
