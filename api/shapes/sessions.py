"""A trading session as clients see it."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from api.shapes.base import Shape
from api.shapes.readings import ModelReading


class Session(Shape, frozen=True, kw_only=True):
    """One symbol, its capital and how it went. ``final_capital`` is the equity now while it runs."""

    id: UUID
    mode: Literal["PAPER", "LIVE"]
    status: Literal["RUNNING", "PAUSED", "STOPPED"]
    symbol: str
    hedge_symbol: str | None
    exchange: str
    timeframe: str
    source: Literal["live", "recorded", "synthetic"]
    as_of: datetime | None
    started_at: datetime
    stopped_at: datetime | None
    initial_capital: Decimal
    final_capital: Decimal
    total_pnl: Decimal
    total_trades: int
    winning_trades: int
    losing_trades: int
    max_drawdown: float
    sharpe_ratio: float | None
    head_seq: int
    head_hash: str
    created_at: datetime
    updated_at: datetime


class SessionList(Shape, frozen=True, kw_only=True):
    """Sessions, newest first."""

    sessions: list[Session]
    count: int


class OneSession(Shape, frozen=True, kw_only=True):
    """One session."""

    session: Session
    readings: list[ModelReading]
    """What its models may have read in training before they said it."""


class EquityPoint(Shape, frozen=True, kw_only=True):
    """The books at the close of one round; ``drawdown`` is a fraction of the peak."""

    seq: int
    timestamp: datetime
    equity: Decimal
    cash: Decimal
    drawdown: float


class EquityCurve(Shape, frozen=True, kw_only=True):
    """An equity curve, oldest first, thinned evenly to at most the points asked for."""

    session_id: UUID
    symbol: str
    source: str
    initial_capital: Decimal
    points: list[EquityPoint]
    count: int
