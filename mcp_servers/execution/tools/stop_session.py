"""Stopping a trading session."""

from typing import Annotated

from pydantic import Field

from mcp_servers.execution.answers import SessionAnswer
from mcp_servers.execution.asking import ask_for_session
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, tool
from openoutcry.types.amounts import parse_amount
from openoutcry.types.commands import StopSession


@tool(scope="order:place", destructive=True)
async def stop_session(
    call: Call[ExecutionDeps],
    session_id: Annotated[str, Field(description="The session to stop", max_length=40)],
    final_capital: Annotated[
        str | None,
        Field(description="Your own figure of what it ends with, in the quote asset", max_length=40),
    ] = None,
) -> SessionAnswer:
    """Close the session's positions and stop it. Your own final capital, if given, is reported beside the
    ledger's.
    """
    given = None if final_capital is None else parse_amount(final_capital, field="final_capital")
    return await ask_for_session(call, StopSession(session_id=session_id, final_capital=given))
