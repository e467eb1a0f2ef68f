"""A limit order for a person or their assistant."""

from mcp_servers.execution.answers import OrderAnswer
from mcp_servers.execution.asking import ask_for_order
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.wishes import (
    PriceArg,
    QuantityArg,
    SessionArg,
    SideArg,
    StopLossArg,
    TakeProfitArg,
    TimeInForceArg,
    TrailArg,
    wish,
)
from mcp_servers.toolkit import Call, SymbolArg, tool


@tool(scope="order:place", destructive=True)
async def place_limit_order(
    call: Call[ExecutionDeps],
    symbol: SymbolArg,
    side: SideArg,
    quantity: QuantityArg,
    price: PriceArg,
    time_in_force: TimeInForceArg = "GTC",
    session_id: SessionArg = None,
    stop_loss: StopLossArg = None,
    take_profit: TakeProfitArg = None,
    trailing_stop: TrailArg = None,
) -> OrderAnswer:
    """Buy or sell at a price or better, through the floor's risk gate. The answer says what became of the
    order.
    """
    asked = wish(
        symbol,
        side,
        "LIMIT",
        quantity,
        price=price,
        time_in_force=time_in_force,
        session_id=session_id,
        stop_loss=stop_loss,
        take_profit=take_profit,
        trailing_stop=trailing_stop,
    )
    return await ask_for_order(call, asked)
