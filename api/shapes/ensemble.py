"""Ensembles as clients make and see them."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from api.bodies import Body
from api.shapes.base import Shape
from api.shapes.readings import ModelReading
from openoutcry.voting.ensemble import Call


class NewEnsemble(Body, frozen=True, kw_only=True):
    """A new ensemble. ``parameters`` may set ``min_strength`` (0 to 1), below which nothing is called."""

    name: str
    ensemble_type: str = "weighted_voting"
    parameters: dict[str, float] = msgspec.field(default_factory=dict)
    description: str = ""


class NewMember(Body, frozen=True, kw_only=True):
    """An agent that joins."""

    agent_id: str
    agent_type: str = "analysis"
    initial_weight: float = 1.0


class GivenSignal(Body, frozen=True, kw_only=True):
    """One agent's signal."""

    agent_id: str
    symbol: str
    direction: Call
    confidence: float
    timestamp: datetime | None = None
    target_price: float | None = None
    stop_loss: float | None = None
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)


class PredictWish(Body, frozen=True, kw_only=True):
    """Signals of members; without any, their newest votes on the floor are taken."""

    signals: list[GivenSignal] = msgspec.field(default_factory=list)
    metadata: dict[str, Any] = msgspec.field(default_factory=dict)


class Ensemble(Shape, frozen=True, kw_only=True):
    """One ensemble."""

    id: UUID
    ensemble_id: UUID
    name: str
    ensemble_type: str
    parameters: dict[str, Any]
    description: str
    created_by: str
    created_at: datetime
    agent_count: int


class EnsembleList(Shape, frozen=True, kw_only=True):
    """Oldest first."""

    ensembles: list[Ensemble]
    count: int


class Member(Shape, frozen=True, kw_only=True):
    """An agent in an ensemble; ``share`` is its weight over all weights."""

    agent_id: str
    agent_type: str
    initial_weight: float
    weight: float
    share: float
    registered_at: datetime


class Joined(Shape, frozen=True, kw_only=True):
    """Who joined, and everybody's share now."""

    ensemble_id: UUID
    agent: Member
    weights: dict[str, float]


class Learning(Shape, frozen=True, kw_only=True):
    """How weights were learned once."""

    as_of: datetime
    metric: str
    weights_before: dict[str, float]
    weights_after: dict[str, float]
    scores: dict[str, float | None]
    created_at: datetime


class Weights(Shape, frozen=True, kw_only=True):
    """``weights`` are shares: they add up to 1."""

    ensemble_id: UUID
    weights: dict[str, float]
    agents: list[Member]
    history: list[Learning]


class Prediction(Shape, frozen=True, kw_only=True):
    """The ensemble's word on a symbol; hold where nothing reached the least strength."""

    symbol: str
    direction: str
    strength: float
    emitted: bool
    strengths: dict[str, float]
    target_price: float | None
    stop_loss: float | None
    agreeing: list[str]


class Predicted(Shape, frozen=True, kw_only=True):
    """``signal`` and ``confidence`` are those of the strongest call. ``source`` is request or floor."""

    ensemble_id: UUID
    signal: str
    confidence: float
    contributing_agents: list[str]
    weights: dict[str, float]
    predictions: list[Prediction]
    signals: int
    source: str
    metadata: dict[str, Any]
    timestamp: datetime


class EnsembleFigures(Shape, frozen=True, kw_only=True):
    """Of judged votes. ``sharpe_ratio`` is per vote, ``total_gain`` of following each one after another, net of costs."""

    cases: int
    accuracy: float | None
    profit_factor: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    total_gain: float | None
    score: float | None
    brier: float | None


class Performance(Shape, frozen=True, kw_only=True):
    """``ensemble`` is of its calls on the stored votes, with the weights as they were in force at the time."""

    ensemble_id: UUID
    days: int
    since: datetime
    as_of: datetime
    ensemble: EnsembleFigures
    agents: dict[str, EnsembleFigures]
    pending: int
    readings: list[ModelReading]


class Learned(Shape, frozen=True, kw_only=True):
    """Shares before and after, and each agent's score; null for one of whose votes nothing is known yet."""

    ensemble_id: UUID
    metric: str
    lookback_days: int
    old_weights: dict[str, float]
    new_weights: dict[str, float]
    scores: dict[str, float | None]
    cases: dict[str, int]
    as_of: datetime


class Ranked(Shape, frozen=True, kw_only=True):
    """One agent's place."""

    rank: int
    agent_id: str
    figures: EnsembleFigures


class Rankings(Shape, frozen=True, kw_only=True):
    """Best score first; agents without a judged vote have no place."""

    rankings: list[Ranked]
    count: int
    days: int
    as_of: datetime
    readings: list[ModelReading]


class EnsembleGone(Shape, frozen=True, kw_only=True):
    """Deleted."""

    success: bool
    ensemble_id: UUID
