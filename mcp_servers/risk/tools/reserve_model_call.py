"""The money of a model's call, before it is made."""

from secrets import token_bytes
from typing import Annotated
from uuid import UUID

from pydantic import Field

from db.minds.spending import Wish, reserve
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.spenders import Dollars, kept_of, purse_of, spender
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.minds.budget import Asked, Level


class Reservation(ToolResult):
    """``call_id`` to settle with; null when the call may not be made, and then why."""

    call_id: str | None
    level: Level
    refused: str | None
    by: str | None


@tool(scope="mind:spend", idempotent=False)
async def reserve_model_call(
    call: Call[RiskDeps],
    model: Annotated[
        str,
        Field(description="vendor:model", min_length=1, max_length=120, examples=["openai:gpt-5-mini"]),
    ],
    bound: Annotated[
        Dollars, Field(description="The most that the call can cost, in dollars", examples=["0.01"])
    ],
    cheapest: Annotated[bool, Field(description="The cheapest model of the agent's chain", examples=[True])],
    prompt_hash: Annotated[
        str,
        Field(
            description="Digest of what is sent", min_length=1, max_length=64, examples=["9f86d081884c7d65"]
        ),
    ],
    max_tokens: Annotated[int, Field(description="The longest answer asked for", ge=1, le=200_000)],
    temperature: Annotated[float, Field(description="As sent", ge=0.0, le=2.0)],
) -> Reservation:
    """Reserve the most that a model's call can cost, out of the budgets of call, round, agent, day and org."""
    pool, agent = purse_of(call), spender(call)
    wish = Wish(
        id=UUID(bytes=token_bytes(16)),  # of no record: a replay makes no reservation
        agent=agent,
        model=model,
        prompt_hash=prompt_hash,
        params={"max_tokens": max_tokens, "temperature": temperature},
        asked=Asked(bound, cheapest, agent in kept_of(call.deps.settings)),
        session_id=UUID(call.round.session_id) if call.round else None,
        seq=call.round.seq if call.round else None,
    )
    verdict = await reserve(pool, UUID(call.caller.org_id), wish, call.deps.settings.llm.budget)
    return Reservation(
        as_of=call.as_of,
        source=call.source,
        call_id=None if verdict.refused else str(wish.id),
        level=verdict.level,
        refused=verdict.refused,
        by=verdict.by,
    )
