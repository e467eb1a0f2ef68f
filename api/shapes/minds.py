"""What language models cost, as clients see it."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from api.shapes.base import Shape, shaped
from openoutcry.minds.budget import Level


class ModelUse(Shape, frozen=True, kw_only=True):
    """One model's calls: dollars, tokens, faults, what the floor's own cache answered, and the mean time of a call."""

    model: str
    calls: int
    faults: int
    cache_hits: int
    cost: Decimal
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    avg_latency_ms: float | None


class Budget(Shape, frozen=True, kw_only=True):
    """One limit in dollars, and what is spent and reserved of it where that is counted for the whole floor."""

    limit: Decimal
    spent: Decimal | None
    reserved: Decimal | None


class AgentDay(Shape, frozen=True, kw_only=True):
    """What an agent has spent and reserved of its budget today."""

    agent: str
    spent: Decimal
    reserved: Decimal


class Budgets(Shape, frozen=True, kw_only=True):
    """The org's budgets, where the ladder stands today, and what each model has cost since the beginning."""

    level: Level
    budgets: dict[str, Budget]
    agents: list[AgentDay]
    models: list[ModelUse]
    updated_by: str


def models_of(rows: Iterable[Mapping[str, Any]]) -> list[ModelUse]:
    """Figures of each model."""
    return [shaped(row, ModelUse, avg_latency_ms=_mean(row["latency_ms"], row["calls"])) for row in rows]


def _mean(total: float, count: int) -> float | None:
    return round(total / count, 3) if count else None
