"""Hedging the spot that is held."""

from typing import Annotated

from pydantic import Field

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.hedging import HedgeAnswer, HedgedSession, ask_for_hedges
from mcp_servers.toolkit import Call, tool
from openoutcry.types.commands import ExecuteHedges


@tool(scope="order:place", destructive=True)
async def execute_hedges(
    call: Call[ExecutionDeps],
    ratio: Annotated[
        float | None,
        Field(description="Short over spot, 1 = fully hedged; default as configured", ge=0, le=1),
    ] = None,
    session_id: HedgedSession = None,
) -> HedgeAnswer:
    """Trade perpetuals until the spot of the session, or of all, is hedged. Every order passes the risk gate.

    The ratio stands above the floor's vote until the spot is gone. Asked again, only what is missing is traded.
    """
    return await ask_for_hedges(call, ExecuteHedges(session_id=session_id, ratio=ratio))
