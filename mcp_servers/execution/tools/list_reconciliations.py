"""What comparing the exchange account with our books found."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, WithJsonSchema

from db.venue_books import latest
from mcp_servers.execution.answers import BARE, head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.types.frozen import Frozen


class Reconciliation(Frozen):
    """One comparison. Each difference has kind, symbol, subject, ours, theirs, amount, action, halts and reason; ``halts``
    says what halted (a symbol, or * for everything) and why. ``at`` is wall time.
    """

    at: datetime
    account: str
    exchange: str
    differences: Annotated[tuple[dict[str, Any], ...], WithJsonSchema(BARE)]
    halts: dict[str, str]


class ReconciliationList(ToolResult):
    """Newest first. Empty on paper, where the books are the account."""

    reconciliations: Annotated[tuple[Reconciliation, ...], WithJsonSchema(BARE)]


@tool(scope="order:read", read_only=True)
async def list_reconciliations(
    call: Call[ExecutionDeps],
    limit: Annotated[int, Field(description="So many of the newest", ge=1, le=200, examples=[20])] = 20,
    differing: Annotated[
        bool, Field(description="Only those that found a difference", examples=[True])
    ] = False,
) -> ReconciliationList:
    """The newest comparisons of the exchange account with our books: what differed, what was done, what halts."""
    rows = await latest(call.deps.pool, UUID(call.caller.org_id), limit, differing=differing)
    return ReconciliationList(**head(call), reconciliations=tuple(Reconciliation(**row) for row in rows))
