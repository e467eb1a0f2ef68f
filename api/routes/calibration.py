"""``/api/v1/agents/{name}/calibration``: how far an agent's confidence can be believed, from what came of its votes."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import get
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.failures import Failure
from api.floor import TheFloor
from api.market import now
from api.params import read_time
from api.perhaps_read import perhaps_read
from api.requests import AnyRequest
from api.shapes.base import Shape, shaped
from api.shapes.readings import ModelReading
from db.reads import agents, hindsight
from openoutcry.learning.report import said
from openoutcry.voting.calibration import calibrate
from openoutcry.voting.hindsight import Judged

AsOf = Annotated[
    str | None, QueryParameter(description="RFC 3339: as it stood then (default: now).", required=False)
]
Votes = Annotated[
    int,
    QueryParameter(ge=1, le=5000, description="The newest so many votes (default 1000).", required=False),
]
RULE = (
    "each BUY, SELL and HOLD by the price at its own horizon: BUY is right if it rose by more than a round trip costs, "
    "SELL if it fell by more, HOLD if it moved by no more than the session's default stop"
)


class Bucket(Shape, frozen=True, kw_only=True):
    """Votes with a confidence in (lower, upper]; ``low`` and ``high`` are the 95 % interval of ``accuracy``."""

    lower: float
    upper: float
    count: int
    mean_confidence: float | None
    accuracy: float | None
    low: float | None
    high: float | None


class Scores(Shape, frozen=True, kw_only=True):
    """Of votes whose end is known; null without one."""

    cases: int
    accuracy: float | None
    brier: float | None
    log_loss: float | None
    ece: float | None


class Weighed(Shape, frozen=True, kw_only=True):
    """From this round on the agent weighed so much in its session."""

    at: datetime
    session_id: UUID
    seq: int
    weight: float


class AgentCalibration(Shape, frozen=True, kw_only=True):
    """``brier_skill`` is against always saying the share that was right: above 0 is better. ``votes`` counts every ballot
    by ``as_of``; ``judged`` + ``pending`` are the directional ones looked at; ``readings``
    say what a model on the seat may have read in training before it said it.
    """

    agent_name: str
    as_of: datetime
    judged_by: str
    votes: int
    abstained: int
    without_direction: int
    judged: int
    pending: int
    accuracy: float | None
    brier: float | None
    brier_skill: float | None
    log_loss: float | None
    ece: float | None
    bins: list[Bucket]
    by_action: dict[str, Scores]
    weight_history: list[Weighed]
    readings: list[ModelReading]


@get("/api/v1/agents/{name:str}/calibration", tags=["agents"])
async def calibration(
    request: AnyRequest, floor: TheFloor, name: FromPath[str], as_of: AsOf = None, votes: Votes = 1000
) -> AgentCalibration:
    """Brier score, log loss, expected calibration error and reliability bins of an agent's votes, and what it weighed."""
    org_id = caller_of(request).org_id
    until = read_time(as_of, "as_of") or await now(floor)
    asked = await hindsight.calls(floor.pool, org_id, name, until)
    if not asked["votes"] and await agents.get_agent(floor.pool, org_id, name) is None:
        raise Failure(404, "agent not found", name=name)
    judged, pending = await hindsight.judged_votes(floor.pool, org_id, [name], as_of=until, most=votes)
    found = calibrate(judged)
    weights = await hindsight.weight_history(floor.pool, org_id, name, until)
    return AgentCalibration(
        agent_name=name,
        as_of=until,
        judged_by=RULE,
        votes=asked["votes"],
        abstained=asked["abstained"],
        without_direction=asked["without_direction"],
        judged=found.cases,
        pending=pending,
        accuracy=found.accuracy,
        brier=found.brier,
        brier_skill=found.brier_skill,
        log_loss=found.log_loss,
        ece=found.ece,
        bins=[Bucket(**asdict(row)) for row in found.bins],
        by_action={action: _scores(judged, action) for action in ("BUY", "SELL", "HOLD")},
        weight_history=[shaped(row, Weighed) for row in weights],
        readings=perhaps_read(floor, map(said, judged)),
    )


def _scores(judged: Sequence[Judged], action: str) -> Scores:
    found = calibrate([one for one in judged if one.action == action])
    return Scores(
        cases=found.cases,
        accuracy=found.accuracy,
        brier=found.brier,
        log_loss=found.log_loss,
        ece=found.ece,
    )


HANDLERS = [calibration]
