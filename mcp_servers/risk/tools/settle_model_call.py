"""The money of a model's call, after it was made."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from db.minds.spending import Cached, Settlement, settle
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.spenders import Dollars, purse_of, spender
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import BadInput
from openoutcry.types.amounts import Amount

Tokens = Annotated[int, Field(ge=0, le=100_000_000)]


class Settled(ToolResult):
    """What the call is booked at."""

    call_id: str
    cost: Amount


@tool(scope="mind:spend", idempotent=True)
async def settle_model_call(
    call: Call[RiskDeps],
    call_id: Annotated[
        str,
        Field(description="As reserved", max_length=36, examples=["7d44d0a5-6a3c-4c5e-9c4e-2f6d5a3b1c00"]),
    ],
    cost: Annotated[
        Dollars | None, Field(description="Dollars; null when nobody knows: the bound is taken")
    ] = None,
    prompt_tokens: Annotated[Tokens, Field(description="Tokens sent")] = 0,
    cached_tokens: Annotated[Tokens, Field(description="Those of them that the vendor had cached")] = 0,
    completion_tokens: Annotated[Tokens, Field(description="Tokens answered")] = 0,
    latency_ms: Annotated[
        float, Field(ge=0.0, le=86_400_000.0, description="How long it took, in milliseconds")
    ] = 0.0,
    fault: Annotated[str | None, Field(description="What went wrong, if it did", max_length=300)] = None,
    cache: Annotated[
        Cached, Field(description="Which of the floor's caches answered in the model's place")
    ] = "none",
) -> Settled:
    """Put the real cost of a reserved call in the place of its upper bound. Once settled it stays."""
    try:
        wanted = UUID(call_id)
    except ValueError:
        raise BadInput("call_id: not an id", field="call_id") from None
    told = Settlement(
        cost,
        prompt_tokens,
        cached_tokens,
        completion_tokens,
        latency_ms,
        fault,
        cache,
    )
    booked = await settle(purse_of(call), UUID(call.caller.org_id), wanted, spender(call), told)
    return Settled(as_of=call.as_of, source=call.source, call_id=call_id, cost=booked)
