"""A position as clients see it."""

from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

from api.shapes.base import Shape


class Position(Shape, frozen=True, kw_only=True):
    """One episode from flat to flat. ``realized_pnl`` is before ``fees``; ``role`` tells hedge from trade."""

    id: UUID
    session_id: UUID
    symbol: str
    exchange: str
    side: Literal["LONG", "SHORT"]
    role: str
    entry_price: Decimal
    exit_price: Decimal | None
    quantity: Decimal
    entry_time: datetime
    exit_time: datetime | None
    stop_loss: Decimal | None
    take_profit: Decimal | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    entry_reason: str | None
    exit_reason: str | None
    created_at: datetime
    updated_at: datetime


class PositionList(Shape, frozen=True, kw_only=True):
    """Open positions, newest first."""

    positions: list[Position]
    count: int


class OnePosition(Shape, frozen=True, kw_only=True):
    """One position."""

    position: Position
