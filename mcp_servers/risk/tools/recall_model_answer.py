"""What a model answered before, in the place of asking it again."""

from datetime import datetime
from uuid import UUID

from db.minds.answers import Asker, alike, same
from db.minds.spending import Cached
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


class RecalledAnswer(ToolResult):
    """``cache`` none: nothing was kept. ``kept_of`` and ``kept_at`` are the question and the market time it was given at."""

    cache: Cached
    answer: KeptAnswer | None
    kept_of: str | None
    kept_at: datetime | None
    similarity: float | None


@tool(scope="mind:spend", idempotent=True)
async def recall_model_answer(
    call: Call[RiskDeps],
    model: ModelArg,
    version: VersionArg,
    prompt_hash: HashArg,
    frame: FrameArg,
    situation: SituationArg = None,
) -> RecalledAnswer:
    """What this model answered this agent to the same question before, else in a situation alike, if it is not too old."""
    pool, cache = purse_of(call), call.deps.settings.llm.cache
    asker = Asker(UUID(call.caller.org_id), spender(call), model, version)
    kind: Cached = "exact"
    row = await same(pool, asker, prompt_hash, cache.max_age_s)
    if row is None and situation is not None and cache.semantic:
        kind = "semantic"
        row = await alike(
            pool, asker, frame, SPACE, situation, as_of=call.as_of, max_age_s=cache.max_age_s,
            similarity=cache.similarity,
        )  # fmt: skip
    if row is None:
        return RecalledAnswer(
            as_of=call.as_of,
            source=call.source,
            cache="none",
            answer=None,
            kept_of=None,
            kept_at=None,
            similarity=None,
        )
    return RecalledAnswer(
        as_of=call.as_of,
        source=call.source,
        cache=kind,
        answer=KeptAnswer.model_validate(row["answer"]),
        kept_of=row["prompt_hash"],
        kept_at=row["as_of"],
        similarity=round(min(1.0, row["similarity"]), 6),
    )
