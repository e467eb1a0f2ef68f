"""``/api/v1/decisions/{id}/explain``: what a decision hung on, recounted from the ledger's own record."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from litestar import get
from litestar.params import FromPath

from api.access import caller_of
from api.failures import Failure
from api.floor import TheFloor
from api.params import read_id
from api.perhaps_read import perhaps_read
from api.recounted import Falsified, Flip, Tallied, Without, falsified, leave_one_out, nearest_flip, tallied
from api.requests import AnyRequest
from api.running import running_settings
from api.shapes.base import Shape, shaped
from api.shapes.decisions import SimilarDecision, Vote
from api.shapes.orders import Order, order_of
from api.shapes.readings import ModelReading
from db import records
from db.reads import decisions as reads
from db.reads import sessions as session_reads
from db.reads.minds import said_in_session
from db.settings_told import settings_at
from openoutcry.baserates import base_rates, rate
from openoutcry.falsified import thesis
from openoutcry.ledger.outcomes import judging
from openoutcry.recount import as_counted

NEIGHBOURS = 20


class BaseRates(Shape, frozen=True, kw_only=True):
    """How alike situations ended; rates are null without a single one. ``success_low`` and ``success_high`` are the 95 %
    interval of ``success_rate``, ``pnl_stderr`` the standard error of ``avg_pnl`` (null below two cases).
    """

    cases: int
    success_rate: float | None
    success_low: float | None
    success_high: float | None
    avg_pnl: Decimal | None
    pnl_stderr: float | None
    by_decision: dict[str, int]
    same_decision: "SameDecision"


class SameDecision(Shape, frozen=True, kw_only=True):
    """The same of those alike situations in which the floor decided as it did here."""

    cases: int
    success_rate: float | None
    success_low: float | None
    success_high: float | None


class Explanation(Shape, frozen=True, kw_only=True):
    """Why this decision and no other."""

    decision_id: UUID
    session_id: UUID
    seq: int
    symbol: str
    decision: str
    target: str
    confidence: float
    reasoning: str
    tally: Tallied
    votes: list[Vote]
    without: list[Without]
    flip: Flip | None
    falsified: Falsified | None
    orders: list[Order]
    similar: list[SimilarDecision]
    base_rates: BaseRates
    readings: list[ModelReading]


@get("/api/v1/decisions/{id:str}/explain", tags=["decisions"])
async def explain(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Explanation:
    """Votes and weights, the decision without each agent, the closest call, the price that proves it wrong, alike cases."""
    decision_id, org_id = read_id(id, "decision"), caller_of(request).org_id
    row = await reads.get_decision(floor.pool, org_id, decision_id)
    if row is None:
        raise Failure(404, "decision not found", decision_id=id)
    record = await records.record(floor.pool, row["session_id"], row["seq"])
    session = await session_reads.get_session(floor.pool, org_id, row["session_id"])
    if record is None or record.decision is None or session is None:
        raise Failure(404, "decision has no record", decision_id=id)
    similar = await reads.similar(floor.pool, org_id, decision_id, NEIGHBOURS) or []
    opening = await settings_at(floor.pool, row["session_id"], 0)
    settings = as_counted(await running_settings(floor), record.decision)
    return Explanation(
        decision_id=row["decision_id"],
        session_id=row["session_id"],
        seq=row["seq"],
        symbol=row["symbol"],
        decision=record.decision.action,
        target=record.decision.target,
        confidence=record.decision.confidence,
        reasoning=record.decision.reasoning,
        tally=tallied(record.decision, settings),
        votes=[shaped(vote, Vote) for vote in row["votes"]],
        without=leave_one_out(record, settings),
        flip=nearest_flip(record, settings),
        falsified=falsified(thesis(record, settings, judging(opening or settings))),
        orders=[order_of(order) for order in row["orders"]],
        similar=[shaped(near, SimilarDecision) for near in similar],
        base_rates=_rates(similar, record.decision.action),
        readings=perhaps_read(floor, await said_in_session(floor.pool, row["session_id"], row["seq"])),
    )


def _rates(similar: Sequence[Mapping[str, Any]], decided: str) -> BaseRates:
    known = base_rates(similar)
    same = rate([row for row in similar if row["decision"] == decided])
    return shaped(
        dict(known),
        BaseRates,
        by_decision=known.counts,
        same_decision=SameDecision(**same.model_dump()),
    )


HANDLERS = [explain]
