"""Buying hedges back."""

from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.hedging import HedgeAnswer, HedgedSession, ask_for_hedges
from mcp_servers.toolkit import Call, tool
from openoutcry.types.commands import CloseHedges


@tool(scope="order:place", destructive=True)
async def close_hedges(call: Call[ExecutionDeps], session_id: HedgedSession = None) -> HedgeAnswer:
    """Buy back every hedge of the session, or of all; that stands above the floor's vote until the spot is gone."""
    return await ask_for_hedges(call, CloseHedges(session_id=session_id))
