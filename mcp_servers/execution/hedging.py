"""Hedges asked for over MCP: the orchestrator makes the orders, through the same gate as the floor's own."""

from typing import Annotated, Literal

from pydantic import Field

from mcp_servers.execution.answers import head
from mcp_servers.execution.asking import NOT_YET, ask
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, ToolResult
from openoutcry.types.amounts import Amount
from openoutcry.types.commands import CloseHedges, ExecuteHedges
from openoutcry.types.frozen import Frozen

HedgedSession = Annotated[str | None, Field(description="One trading session; default all", max_length=40)]


class HedgeTrade(Frozen):
    """What was executed, at its mean price."""

    asset: str
    side: str
    amount: Amount
    price: Amount


class HedgeRefusal(Frozen):
    """An order that was not taken: by which rule, the value it saw and the limit it broke."""

    asset: str
    side: str
    amount: Amount
    rule: str
    value: str | None = None
    limit: str | None = None
    message: str


class HedgeOpen(Frozen):
    """An order that still works at the venue."""

    asset: str
    side: str
    amount: Amount


class HedgeAnswer(ToolResult):
    """``status``: completed, partial, refused, or QUEUED when the orchestrator has not come to it yet."""

    status: Literal["completed", "partial", "refused", "QUEUED"]
    executed_trades: list[HedgeTrade] = Field(default_factory=list)
    refused: list[HedgeRefusal] = Field(default_factory=list)
    working: list[HedgeOpen] = Field(default_factory=list)
    message: str


async def ask_for_hedges(call: Call[ExecutionDeps], command: ExecuteHedges | CloseHedges) -> HedgeAnswer:
    """Have it done, and say what became of it."""
    answered = await ask(call, command)
    if answered is None:
        return HedgeAnswer(**head(call), status="QUEUED", message=NOT_YET)
    return HedgeAnswer(**head(call), **answered)
