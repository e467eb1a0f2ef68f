"""A job's row, and what a completed job leaves beside it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from db.jobs.states import TERMINAL, Status


@dataclass(frozen=True, slots=True)
class Job:
    """One job as stored. ``revision`` grows with every change; ``result`` is set in COMPLETED, ``error`` in FAILED."""

    id: UUID
    org_id: UUID
    kind: str
    name: str
    version: str
    status: Status
    request: dict[str, Any]
    requested_by: str
    timeout_s: int
    progress_current: int
    progress_total: int
    message: str
    preflight: dict[str, Any] | None
    warnings: list[dict[str, Any]]
    result: dict[str, Any] | None
    error: str | None
    timings: dict[str, float]
    attempt: int
    losses: int
    worker: str | None
    queue: str
    revision: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    archived_at: datetime | None

    @property
    def percentage(self) -> int:
        """Progress in whole percent, rounded down."""
        return min(100, self.progress_current * 100 // self.progress_total)

    @property
    def over(self) -> bool:
        """Whether its state is final."""
        return self.status in TERMINAL


COLUMNS = ", ".join(column.name for column in fields(Job))


def job_of(row: Mapping[str, Any]) -> Job:
    """The job of a row that was selected by ``COLUMNS``."""
    return Job(**{column.name: row[column.name] for column in fields(Job)})


@dataclass(frozen=True, slots=True)
class Curve:
    """An equity curve: UTC ms, account value in quote units, drawdown as a fraction of the peak (0.1 = 10 % below)."""

    at_ms: list[int]
    equity: list[float]
    drawdown: list[float]


class Trade(NamedTuple):
    """One closed trade. Prices and money in quote units, ``quantity`` in base units; ``profit_loss`` is net."""

    job_id: UUID
    number: int
    org_id: UUID
    symbol: str
    side: str
    entry_at: datetime
    exit_at: datetime
    entry_price: float
    exit_price: float
    quantity: float
    stop_loss_price: float | None
    take_profit_price: float | None
    fees: float
    funding: float
    profit_loss: float
    exit_reason: str

    @property
    def outcome(self) -> str:
        """``win`` or ``loss``; breaking even is no win."""
        return "win" if self.profit_loss > 0 else "loss"


@dataclass(frozen=True, slots=True)
class Output:
    """Everything a completed job leaves, written whole or not at all."""

    result: dict[str, Any]
    warnings: list[dict[str, Any]] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    curve: Curve | None = None
    trades: list[Trade] = field(default_factory=list)
    report: str | None = None
