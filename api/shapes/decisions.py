"""Decisions, their votes and their neighbours as clients see them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from api.shapes.base import Shape, shaped
from api.shapes.minds import ModelUse, models_of
from api.shapes.orders import Order, order_of
from api.shapes.readings import ModelReading
from db.memory.spaces import Counted
from openoutcry.embedding import NAME

OutcomeName = Literal["SUCCESS", "FAILURE", "PENDING"]


ROUNDED = ("avg_confidence", "success_rate", "avg_pnl", "avg_tokens_used", "avg_latency_ms")


class Decision(Shape, frozen=True, kw_only=True):
    """One decision. ``tokens_used`` and ``pnl`` repeat documented fields under other clients' names."""

    id: UUID
    session_id: UUID
    seq: int
    agent_name: str
    symbol: str
    decision_type: str
    decision: str
    target: str
    confidence: float
    reasoning: str
    context: dict[str, Any]
    prompt_tokens: int
    completion_tokens: int
    tokens_used: int
    latency_ms: float | None
    model: str
    cost_usd: Decimal
    source: str
    outcome: OutcomeName
    outcome_reason: str | None
    actual_pnl: Decimal | None
    pnl: Decimal | None
    created_at: datetime


class DecisionFilter(Shape, frozen=True, kw_only=True):
    """The filter as it was understood; absent ones are null."""

    symbol: str | None = None
    decision_type: str | None = None
    outcome: str | None = None
    model: str | None = None
    agent_name: str | None = None
    session_id: UUID | None = None
    from_date: datetime | None = None
    to_date: datetime | None = None
    limit: int
    offset: int


class DecisionList(Shape, frozen=True, kw_only=True):
    """Decisions, newest first."""

    decisions: list[Decision]
    count: int
    filter: DecisionFilter


class Vote(Shape, frozen=True, kw_only=True):
    """What one agent said in the round; an abstention has a reason instead of a confidence."""

    id: UUID
    agent_name: str
    symbol: str
    decision_type: str
    action: str
    confidence: float | None
    reasoning: str
    evidence: list[str]
    abstain_reason: str | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    size_factor: float | None
    hedge_ratio: float | None
    horizon_bars: int | None
    weight: float
    counted: bool
    model: str
    prompt: str
    response: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Decimal
    created_at: datetime


class DecisionDetail(Decision, frozen=True, kw_only=True):
    """Everything about one decision: what was asked and answered, the votes, the gate's word, what was done."""

    prompt: str
    response: str
    prompt_embedding: list[float] | None
    prompt_embedder: str | None
    context_embedding: list[float]
    context_embedder: str
    votes: list[Vote]
    risk: dict[str, Any]
    orders: list[Order]
    outcome_known_at: datetime | None


class SimilarDecision(Shape, frozen=True, kw_only=True):
    """An earlier decision in a market that looked alike; ``similarity`` is the cosine of the two contexts."""

    id: UUID
    session_id: UUID
    symbol: str
    decision_type: str
    decision: str
    confidence: float
    outcome: OutcomeName
    actual_pnl: Decimal | None
    similarity: float
    created_at: datetime


class SimilarList(Shape, frozen=True, kw_only=True):
    """The nearest decisions whose outcome was known at the asking decision's time, most similar first."""

    decision_id: UUID
    similar: list[SimilarDecision]
    count: int


class DecisionStats(Shape, frozen=True, kw_only=True):
    """Aggregates; ``success_rate`` is over decisions with a known outcome, null before the first.

    ``models`` are the language models asked for them, ``cache_hits`` what the floor's own cache answered in their place.
    ``readings`` say what models may have read in training before they said it: such results prove nothing.
    """

    total_decisions: int
    by_outcome: dict[str, int]
    by_decision_type: dict[str, int]
    by_type: dict[str, int]
    by_decision: dict[str, int]
    by_model: dict[str, int]
    avg_confidence: float | None
    success_rate: float | None
    avg_pnl: Decimal | None
    total_pnl: Decimal
    total_cost: Decimal
    avg_tokens_used: float | None
    avg_latency_ms: float | None
    cached_tokens: int
    cache_hits: int
    models: list[ModelUse]
    readings: list[ModelReading]


class Hit(Shape, frozen=True, kw_only=True):
    """One search result."""

    decision: Decision
    score: float


class SearchResult(Shape, frozen=True, kw_only=True):
    """Decisions that match, best first. ``space`` is the one space in which meanings were compared; null by words alone."""

    results: list[Hit]
    count: int
    search_type: Literal["text", "semantic", "hybrid"]
    query: str
    space: str | None


class SpaceTold(Shape, frozen=True, kw_only=True):
    """One space: decisions that have a vector in it, those its embedder refuses, those it lacks yet, and what was last wrong."""

    name: str
    state: Literal["FILLING", "ANSWERING", "LEFT"]
    dimensions: int
    vectors: int
    refused: int
    missing: int
    whole_at: datetime | None
    fault: str | None
    fault_at: datetime | None


class SpaceList(Shape, frozen=True, kw_only=True):
    """``answering`` is the space that searches by meaning look into; ``text:hash-v1`` holds every decision at any time."""

    answering: str
    spaces: list[SpaceTold]
    count: int


def spaces_of(counted: Sequence[Counted]) -> SpaceList:
    """The spaces of embedders as clients see them."""
    told = [
        SpaceTold(
            name=one.kept.space.name,
            state=one.kept.state,
            dimensions=one.kept.space.dimensions,
            vectors=one.vectors,
            refused=one.refused,
            missing=one.missing,
            whole_at=one.kept.whole_at,
            fault=one.kept.fault,
            fault_at=one.kept.fault_at,
        )
        for one in counted
    ]
    answering = next((one.name for one in told if one.state == "ANSWERING"), NAME)
    return SpaceList(answering=answering, spaces=told, count=len(told))


def decision_of(row: Mapping[str, Any]) -> Decision:
    """A row of ``decisions``, with ``latency_ms`` when the reader joined it."""
    return shaped(row, Decision, **_twice(row))


def detail_of(row: Mapping[str, Any]) -> DecisionDetail:
    """A decision with everything around it."""
    return shaped(
        row,
        DecisionDetail,
        votes=[shaped(vote, Vote) for vote in row["votes"]],
        orders=[order_of(order) for order in row["orders"]],
        **_twice(row),
    )


def stats_of(
    row: Mapping[str, Any], models: Sequence[Mapping[str, Any]], readings: list[ModelReading]
) -> DecisionStats:
    """Figures over decisions and the models asked for them."""
    rounded = {name: _rounded(row[name]) for name in ROUNDED}
    summed = {name: sum(one[name] for one in models) for name in ("cached_tokens", "cache_hits")}
    return shaped(
        row,
        DecisionStats,
        by_type=row["by_decision_type"],
        models=models_of(models),
        readings=readings,
        **summed,
        **rounded,
    )


def _rounded(value: Any) -> Any:
    return value if value is None else round(value, 6)


def _twice(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "tokens_used": row["prompt_tokens"] + row["completion_tokens"],
        "latency_ms": row.get("latency_ms"),
        "pnl": row["actual_pnl"],
    }
