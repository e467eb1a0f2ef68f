"""Keeping what a model answered."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from db.minds.answers import Asker, keep
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.spenders import (
    FrameArg,
    HashArg,
    ModelArg,
    SituationArg,
    VersionArg,
    purse_of,
    spender,
)
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.minds.carried import KeptAnswer
from openoutcry.minds.situation import SPACE


class AnswerKept(ToolResult):
    """It is kept."""

    prompt_hash: str


@tool(scope="mind:spend", idempotent=True)
async def keep_model_answer(
    call: Call[RiskDeps],
    model: ModelArg,
    version: VersionArg,
    prompt_hash: HashArg,
    frame: FrameArg,
    answer: Annotated[
        KeptAnswer, Field(description="What it said", examples=[{"text": "{}", "model": "gpt-5-mini"}])
    ],
    situation: SituationArg = None,
) -> AnswerKept:
    """Keep what this model answered this agent, for the same question and, with its situation, for ones alike."""
    await keep(
        purse_of(call),
        Asker(UUID(call.caller.org_id), spender(call), model, version),
        prompt_hash,
        frame,
        None if situation is None else SPACE,
        situation,
        as_of=call.as_of,
        answer=answer.model_dump(mode="json"),
        max_age_s=call.deps.settings.llm.cache.max_age_s,
    )
    return AnswerKept(as_of=call.as_of, source=call.source, prompt_hash=prompt_hash)
