"""Strategies and their versions as they are stored."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, TypeVar
from uuid import UUID

from db.pool import Row
from openoutcry.strategy.definition import Kind
from openoutcry.strategy.lifecycle import Stage, Status

MetricsFrom = Literal["backtest", "validation"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StoredStrategy:
    """A strategy. ``revision`` counts its changes; ``agent_name`` is the name it votes by while it has a seat."""

    id: UUID
    org_id: UUID
    name: str
    asset: str | None
    kind: Kind
    strategy_type: str | None
    description: str
    exchange: str
    timeframe: str | None
    status: Status
    agent_name: str
    weight: float
    owner: str
    parent_id: UUID | None
    revision: int
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StoredVersion:
    """A version. ``metrics`` are those of its newest backtest or validation, ``score`` the composite of them."""

    id: UUID
    strategy_id: UUID
    version: str
    number: tuple[int, int, int]
    body: Mapping[str, Any]
    content_hash: str
    stage: Stage
    tags: Mapping[str, str]
    notes: str
    metrics: Mapping[str, Any] | None
    metrics_from: MetricsFrom | None
    metrics_at: datetime | None
    score: float | None
    staged_at: datetime | None
    promoted_at: datetime | None
    created_by: str
    created_at: datetime


STRATEGY = ", ".join(field.name for field in fields(StoredStrategy))
VERSION = ", ".join(field.name for field in fields(StoredVersion))


def strategy_of(row: Row) -> StoredStrategy:
    """A row with the columns of ``STRATEGY``."""
    return StoredStrategy(**{field.name: row[field.name] for field in fields(StoredStrategy)})


def version_of(row: Row) -> StoredVersion:
    """A row with the columns of ``VERSION``."""
    found = {field.name: row[field.name] for field in fields(StoredVersion)}
    return StoredVersion(**{**found, "number": tuple(row["number"])})
