"""How far an agent could be believed so far."""

from typing import Annotated

from pydantic import Field

from db.reads import hindsight
from mcp_servers.memory.deps import GONE, MemoryDeps, org_of, pool_of
from mcp_servers.toolkit import Call, ToolResult, tool
from openoutcry.errors import DataUnavailable
from openoutcry.minds.contamination import TRUSTED, day_of, mark
from openoutcry.proportion import wilson
from openoutcry.voting.calibration import calibrate


class TrackRecord(ToolResult):
    """An agent's votes by ``as_of``. ``accuracy`` is of the newest votes whose own horizon has passed, with its 95 % interval;
    ``brier``, ``log_loss`` and ``ece`` score its stated confidence; null without a case. ``perhaps_read`` of
    the judged votes are a model's that may have read in training what came, or of which nobody knows: they prove nothing.
    """

    agent: str
    votes: int
    abstained: int
    judged: int
    pending: int
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    mean_gain: float | None
    brier: float | None
    brier_skill: float | None
    log_loss: float | None
    ece: float | None
    perhaps_read: int


@tool(scope="mem:read", read_only=True)
async def agent_track_record(
    call: Call[MemoryDeps],
    agent: Annotated[
        str, Field(description="An agent's name", pattern=r"^[a-z][a-z0-9_]{0,39}$", examples=["technical"])
    ],
    newest: Annotated[int, Field(description="The newest so many votes", ge=1, le=2000)] = 500,
) -> TrackRecord:
    """How often an agent's votes were right, each judged alone by the price at its horizon."""
    pool, org_id = pool_of(call), org_of(call)
    try:
        asked = await hindsight.calls(pool, org_id, agent, call.as_of)
        judged, pending = await hindsight.judged_votes(pool, org_id, [agent], as_of=call.as_of, most=newest)
    except GONE as error:
        raise DataUnavailable("the floor's database does not answer") from error
    if not asked["votes"]:
        raise DataUnavailable(f"{agent} has not voted by {call.as_of.isoformat()}")
    scores, right = calibrate(judged), sum(one.right for one in judged)
    low, high = wilson(right, len(judged)) or (None, None)
    return TrackRecord(
        as_of=call.as_of,
        source=call.source,
        agent=agent,
        votes=asked["votes"],
        abstained=asked["abstained"],
        judged=len(judged),
        pending=pending,
        accuracy=scores.accuracy,
        accuracy_low=low,
        accuracy_high=high,
        mean_gain=sum(one.gain for one in judged) / len(judged) if judged else None,
        brier=scores.brier,
        brier_skill=scores.brier_skill,
        log_loss=scores.log_loss,
        ece=scores.ece,
        perhaps_read=sum(
            mark(one.mind, day_of(one.at), one.source, call.deps.cutoffs) not in TRUSTED for one in judged
        ),
    )
