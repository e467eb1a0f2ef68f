"""The kill switch over MCP."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from db import halting
from mcp_servers.execution.answers import head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput, NotAuthorised
from openoutcry.types.symbols import canonical
from wire.config import DEFAULT_ORG


class HaltAnswer(ToolResult):
    """``swept``: open orders were cancelled and, if asked for, positions closed. Only a person releases the halt."""

    halted: bool
    reason: str
    by: str
    symbol: str | None
    flatten: bool
    swept: bool


@tool(scope="floor:halt", destructive=True, idempotent=True)
async def halt_trading(
    call: Call[ExecutionDeps],
    reason: Annotated[
        str,
        Field(
            description="Why, for whoever reads of it",
            min_length=1,
            max_length=500,
            examples=["the prices are wrong"],
        ),
    ],
    flatten: Annotated[bool, Field(description="Also close every position at market")] = False,
    symbol: Annotated[
        str | None, Field(description="Only this pair; default everything", max_length=40)
    ] = None,
) -> HaltAnswer:
    """Throw the kill switch: from now on only orders that reduce risk leave, until an admin releases it.

    Open orders are cancelled, except the protective ones of what is held. There is no tool that releases it.
    """
    org_id, name = UUID(call.caller.org_id), None if symbol is None else canonical(symbol)
    if call.caller.org_id != DEFAULT_ORG:
        raise NotAuthorised("the kill switch is the floor's own org's")
    if "\x00" in reason:
        raise BadInput("reason: NUL is not text", field="reason")
    pool, at = call.deps.pool, call.deps.clock.now()
    await halting.throw(
        pool,
        org_id,
        reason=reason,
        by=call.caller.client_id,
        source="mcp",
        at=at,
        symbol=name,
        flatten=flatten,
    )
    swept = await halting.wait_swept(pool, name, call.deps.patience_s)
    stands = (await halting.standing(pool)).get(name)
    return HaltAnswer(
        **head(call),
        halted=stands is not None,
        reason=reason if stands is None else stands["reason"],
        by=call.caller.client_id if stands is None else stands["by"],
        symbol=name,
        flatten=flatten,
        swept=swept,
    )
