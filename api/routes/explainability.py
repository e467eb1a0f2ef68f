"""``/api/v1/explainability``: questions about decisions, answered by the recount that ``/decisions/{id}/explain`` makes.

A share of credit is the Shapley value of an agent: the mean, over all orders in which the agents might have spoken, of
what its word changed. The worth of a group is the signed strength (BUY minus SELL) its votes alone add up to.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import numpy as np
from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.bodies import PLAIN, Body, read_body
from api.failures import Failure
from api.floor import TheFloor
from api.market import now
from api.params import read_id
from api.perhaps_read import perhaps_read
from api.recounted import Flip, Without, leave_one_out, nearest_flip
from api.requests import AnyRequest
from api.running import running_settings
from api.shapes.base import Shape
from api.shapes.readings import ModelReading
from db import records
from db.pool import Row
from db.reads import decisions as reads
from db.reads import explained
from db.reads.minds import said_by_models, said_in_session
from openoutcry.minds.contamination import Said, day_of
from openoutcry.recount import as_counted, heard_in
from openoutcry.risk.correlation import correlation
from openoutcry.types.record import CycleRecord
from openoutcry.types.symbols import canonical
from openoutcry.voting.credit import credit

METHODS = {
    "leave_one_out": "the vote counted again without each agent",
    "shapley": "each agent's share of the signed strength, exact over all orders of speaking",
    "flip_distance": "the smallest change of one agent's confidence that makes another decision",
    "feature_correlation": "rank correlation of each context figure with the signed confidence of the decisions",
}
Days = Annotated[int, QueryParameter(ge=1, le=3650, description="Market time to look back.", required=False)]
Limit = Annotated[int, QueryParameter(ge=1, le=500, required=False)]
SymbolPath = Annotated[str, PathParameter(description="BTC/USDT, BTCUSDT or BTC-USDT.", max_length=40)]
LEAST = 10


class ExplainWish(Body, frozen=True, kw_only=True):
    """Which decision."""

    decision_id: str


class Credit(Shape, frozen=True, kw_only=True):
    """An agent's part: its Shapley value, and that over the sum of all absolute ones."""

    agent: str
    action: str
    confidence: float
    weight: float
    shapley: float
    share: float


class DecisionExplained(Shape, frozen=True, kw_only=True):
    """``total`` is the signed strength of all votes; the Shapley values add up to it."""

    decision_id: UUID
    symbol: str
    decision: str
    confidence: float
    reasoning: str
    total: float
    credits: list[Credit]
    without: list[Without]
    flip: Flip | None
    readings: list[ModelReading]
    created_at: datetime


class AgentExplained(Shape, frozen=True, kw_only=True):
    """What one agent said lately, and how often the floor would have decided otherwise without it."""

    agent_type: str
    decisions: int
    decisive: int
    average_share: float | None
    by_action: dict[str, int]
    readings: list[ModelReading]
    days: int
    as_of: datetime


class Feature(Shape, frozen=True, kw_only=True):
    """A figure of the decisions' context; ``importance`` is the absolute rank correlation."""

    name: str
    importance: float
    correlation: float
    cases: int


class Importance(Shape, frozen=True, kw_only=True):
    """The strongest first. Correlation is no cause."""

    symbol: str
    features: list[Feature]
    decisions: int
    readings: list[ModelReading]
    method: str
    as_of: datetime


class Past(Shape, frozen=True, kw_only=True):
    """One decision in short."""

    decision_id: UUID
    decision: str
    confidence: float
    reasoning: str
    outcome: str
    votes: int
    created_at: datetime


class History(Shape, frozen=True, kw_only=True):
    """Newest first."""

    symbol: str
    explanations: list[Past]
    readings: list[ModelReading]
    count: int


class MethodList(Shape, frozen=True, kw_only=True):
    """How decisions are explained here."""

    methods: dict[str, str]


class Compliance(Shape, frozen=True, kw_only=True):
    """Whether every decision can be explained: it has reasons, votes, evidence and a record."""

    decisions: int
    with_reasons: int
    with_votes: int
    votes: int
    votes_with_evidence: int
    with_record: int
    compliant: bool
    days: int
    as_of: datetime


@post("/api/v1/explainability/explain-decision", tags=["explainability"], status_code=200, body=ExplainWish,
      errors=(404,), example={"decision_id": "00000000-0000-4000-8000-000000000001"})  # fmt: skip
async def explain_decision(request: AnyRequest, floor: TheFloor) -> DecisionExplained:
    """Each agent's part in a decision, the decision without it, and the closest call."""
    wish = await read_body(request, ExplainWish, PLAIN)
    row = await reads.get_decision(
        floor.pool, caller_of(request).org_id, read_id(wish.decision_id, "decision")
    )
    record = None if row is None else await records.record(floor.pool, row["session_id"], row["seq"])
    if row is None or record is None or record.decision is None:
        raise Failure(404, "decision not found", decision_id=wish.decision_id)
    settings = as_counted(await running_settings(floor), record.decision)
    parts = _credits(record)
    return DecisionExplained(
        decision_id=row["decision_id"],
        symbol=row["symbol"],
        decision=record.decision.action,
        confidence=record.decision.confidence,
        reasoning=record.decision.reasoning,
        total=sum(one.shapley for one in parts),
        credits=parts,
        without=leave_one_out(record, settings),
        flip=nearest_flip(record, settings),
        readings=perhaps_read(floor, await said_in_session(floor.pool, row["session_id"], row["seq"])),
        created_at=row["created_at"],
    )


@get("/api/v1/explainability/agent-explanation/{agent_type:str}", tags=["explainability"], haste="search")
async def agent_explanation(
    request: AnyRequest,
    floor: TheFloor,
    agent_type: Annotated[str, PathParameter(description="An agent's name, e.g. technical.")],
    days: Days = 30,
    limit: Limit = 100,
) -> AgentExplained:
    """How often an agent was decisive in the newest decisions it voted on, and its part in them."""
    at, org_id = await now(floor), caller_of(request).org_id
    rows = await explained.voted(floor.pool, org_id, agent_type, at - timedelta(days=days), at, limit)
    if not rows:
        raise Failure(404, "agent not found", agent_type=agent_type)
    running = await running_settings(floor)
    decisive, shares, actions, said = 0, list[float](), dict[str, int](), list[Said]()
    for row in rows:
        record = await records.record(floor.pool, row["session_id"], row["seq"])
        if record is None or record.decision is None or record.snapshot is None:
            continue
        actions[row["action"]] = actions.get(row["action"], 0) + 1
        said.append(Said(agent_type, row["model"], day_of(record.as_of), record.source))
        without = leave_one_out(record, as_counted(running, record.decision))
        decisive += any(one.changed for one in without if one.agent == agent_type)
        shares += [one.share for one in _credits(record) if one.agent == agent_type]
    return AgentExplained(
        agent_type=agent_type,
        decisions=sum(actions.values()),
        decisive=decisive,
        average_share=sum(shares) / len(shares) if shares else None,
        by_action=actions,
        readings=perhaps_read(floor, said),
        days=days,
        as_of=at,
    )


@get("/api/v1/explainability/feature-importance/{symbol:path}", tags=["explainability"], errors=(422,))
async def feature_importance(
    request: AnyRequest, floor: TheFloor, symbol: SymbolPath, days: Days = 90
) -> Importance:
    """Which figures of the market went with which decisions: rank correlations over the newest thousand."""
    at, name, org_id = await now(floor), canonical(symbol.strip("/")), caller_of(request).org_id
    rows = await explained.contexts(floor.pool, org_id, name, at - timedelta(days=days), at)
    if len(rows) < LEAST:
        raise Failure(
            422, "insufficient history", code="INSUFFICIENT_HISTORY", details=f"{len(rows)} decisions on {name}; {LEAST} needed"
        )  # fmt: skip
    found = [
        one
        for feature in sorted({key for row in rows for key in row["context"]})
        if (one := _feature(feature, rows))
    ]
    found.sort(key=lambda one: (-one.importance, one.name))
    said = await said_by_models(floor.pool, org_id, symbol=name, from_date=rows[-1]["created_at"], to_date=at)
    return Importance(
        symbol=name,
        features=found,
        decisions=len(rows),
        readings=perhaps_read(floor, said),
        method="spearman",
        as_of=at,
    )


@get("/api/v1/explainability/explanation-history/{symbol:path}", tags=["explainability"])
async def explanation_history(
    request: AnyRequest, floor: TheFloor, symbol: SymbolPath, limit: Limit = 50
) -> History:
    """The newest decisions on a symbol with their reasons."""
    name, org_id = canonical(symbol.strip("/")), caller_of(request).org_id
    rows = await explained.past(floor.pool, org_id, name, limit)
    found = [Past(**row) for row in rows]
    first, last = (found[-1].created_at, found[0].created_at) if found else (None, None)
    said = await said_by_models(floor.pool, org_id, symbol=name, from_date=first, to_date=last)
    return History(symbol=name, explanations=found, readings=perhaps_read(floor, said), count=len(found))


@get("/api/v1/explainability/methods", tags=["explainability"])
async def methods() -> MethodList:
    """How decisions are explained here."""
    return MethodList(methods=METHODS)


@get("/api/v1/explainability/compliance-report", tags=["explainability"])
async def compliance_report(request: AnyRequest, floor: TheFloor, days: Days = 30) -> Compliance:
    """Whether every decision of some days can be explained."""
    at = await now(floor)
    sums = await explained.sums(floor.pool, caller_of(request).org_id, at - timedelta(days=days), at)
    whole = all(sums[name] == sums["decisions"] for name in ("with_reasons", "with_votes", "with_record"))
    return Compliance(**sums, compliant=whole, days=days, as_of=at)


def _credits(record: CycleRecord) -> list[Credit]:
    heard = heard_in(record)
    parts = credit([(one.vote.agent, one.vote.action, one.confidence, one.weight) for one in heard])
    whole = sum(abs(part) for part in parts.values())
    return [
        Credit(
            agent=one.vote.agent,
            action=one.vote.action,
            confidence=one.vote.confidence,
            weight=one.weight,
            shapley=parts[one.vote.agent],
            share=abs(parts[one.vote.agent]) / whole if whole else 0.0,
        )
        for one in heard
    ]


def _feature(name: str, rows: Sequence[Row]) -> Feature | None:
    pairs: list[tuple[float, float]] = []
    for row in rows:
        value: Any = row["context"].get(name)
        if isinstance(value, int | float):
            sign = {"BUY": 1.0, "SELL": -1.0}.get(row["decision"], 0.0)
            pairs.append((float(value), sign * row["confidence"]))
    if len(pairs) < LEAST:
        return None
    values = np.array(pairs)
    found = correlation(values[:, 0], values[:, 1], "spearman")
    return (
        None
        if found is None
        else Feature(name=name, importance=abs(found), correlation=found, cases=len(pairs))
    )


HANDLERS = [
    explain_decision,
    agent_explanation,
    feature_importance,
    explanation_history,
    methods,
    compliance_report,
]
