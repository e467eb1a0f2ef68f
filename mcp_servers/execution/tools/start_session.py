"""Starting a trading session."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.execution.answers import SessionAnswer
from mcp_servers.execution.asking import ask_for_session
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, SymbolArg, blaming_arguments, tool
from openoutcry.types.amounts import parse_amount
from openoutcry.types.commands import StartSession
from openoutcry.types.symbols import canonical


@tool(scope="order:place", destructive=True)
async def start_session(
    call: Call[ExecutionDeps],
    symbol: SymbolArg,
    initial_capital: Annotated[
        str, Field(description="Money it trades with, in the quote asset", max_length=40)
    ],
    mode: Annotated[Literal["PAPER", "LIVE"], Field(description="LIVE only where it is enabled")] = "PAPER",
) -> SessionAnswer:
    """Have the floor trade a symbol with its own capital."""
    capital = parse_amount(initial_capital, field="initial_capital")
    with blaming_arguments():
        asked = StartSession(symbol=canonical(symbol), initial_capital=capital, mode=mode)
    return await ask_for_session(call, asked)
