"""Paper or live, halted or not."""

from typing import Any, Literal
from uuid import UUID

from db.state import halt
from mcp_servers.execution.answers import head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, ToolResult, tool

RUNNING = "SELECT id FROM sessions WHERE org_id = $1 AND status <> 'STOPPED' ORDER BY created_at, symbol"


class ModeAnswer(ToolResult):
    """``halted`` holds the kill switch's reason and time while it is latched; ``sessions`` are those not
    stopped.
    """

    mode: Literal["PAPER", "LIVE"]
    halted: dict[str, Any] | None
    sessions: tuple[str, ...]


@tool(scope="order:read", read_only=True)
async def get_mode(call: Call[ExecutionDeps]) -> ModeAnswer:
    """Whether orders are on paper or live, whether trading is halted, and which sessions run."""
    running = await call.deps.pool.fetch(RUNNING, UUID(call.caller.org_id))
    return ModeAnswer(
        **head(call),
        mode="LIVE" if call.deps.settings.trading.mode == "live" else "PAPER",
        halted=await halt(call.deps.pool),
        sessions=tuple(str(row["id"]) for row in running),
    )
