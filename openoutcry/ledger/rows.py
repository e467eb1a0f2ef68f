"""The rows a record means, one type per table; fields are the table's columns, in this order.

Money is Decimal, times are aware UTC, vectors are tuples of float32 values, ``dict`` is jsonb.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID


class DecisionRow(NamedTuple):
    """The floor's word of one round, as inserted; outcome and prompt embedding come later."""

    id: UUID
    org_id: UUID
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
    prompt: str
    response: str
    model: str
    prompt_tokens: int
    completion_tokens: int
    cost_usd: Decimal
    source: str
    context_embedding: tuple[float, ...]
    context_embedder: str
    created_at: datetime


class OutcomeRow(NamedTuple):
    """How an earlier decision ended: what is set on its row."""

    id: UUID
    outcome: str
    actual_pnl: Decimal
    outcome_reason: str
    outcome_known_at: datetime


class VoteRow(NamedTuple):
    """One ballot and what it weighed. ``strategy_id`` is that of the registry's strategy that cast it, if one did."""

    id: UUID
    org_id: UUID
    session_id: UUID
    seq: int
    decision_id: UUID
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
    strategy_id: UUID | None
    created_at: datetime


class OrderRow(NamedTuple):
    """An order of this record, whatever became of it: sent, refused by the gate, or never sent."""

    id: UUID
    org_id: UUID
    session_id: UUID
    seq: int
    leg: str
    client_order_id: str
    venue_order_id: str | None
    symbol: str
    exchange: str
    side: str
    type: str
    status: str
    price: Decimal | None
    stop_price: Decimal | None
    quantity: Decimal
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    time_in_force: str
    reduce_only: bool
    oco_group: str | None
    reason: str
    refusal: dict[str, Any] | None
    error_message: str | None
    placed_at: datetime | None
    filled_at: datetime | None
    canceled_at: datetime | None
    expired_at: datetime | None
    created_at: datetime
    updated_at: datetime


class ApprovalRow(NamedTuple):
    """The gate's permission for an order, as the execution server must have kept it."""

    id: UUID
    org_id: UUID
    session_id: UUID
    seq: int
    leg: str
    client_order_id: str
    order_hash: str


class OrderChangeRow(NamedTuple):
    """What this record knows new of an earlier record's order. None leaves a column of ``OWN_WHEN_NONE`` as it is."""

    id: UUID
    status: str
    venue_order_id: str | None
    executed_quantity: Decimal
    executed_quote_quantity: Decimal
    error_message: str | None
    placed_at: datetime | None
    filled_at: datetime | None
    canceled_at: datetime | None
    expired_at: datetime | None
    updated_at: datetime


OWN_WHEN_NONE = ("venue_order_id", "placed_at", "filled_at", "canceled_at", "expired_at")
"""Columns of an order that no later word takes back. Its error is the last word's: that nobody knew is over once it is known."""


class FillRow(NamedTuple):
    """One execution, or a funding payment (without an order)."""

    id: UUID
    org_id: UUID
    session_id: UUID
    seq: int
    order_id: UUID | None
    trade_id: str
    kind: str
    symbol: str
    side: str
    price: Decimal
    quantity: Decimal
    fee: Decimal
    liquidity: str
    executed_at: datetime


class PositionRow(NamedTuple):
    """A position that is open after this record or went flat in it.

    ``unrealized_pnl`` None keeps the last known value (no price in this record), 0 for a new row.
    ``created_at`` counts for a new row only.
    """

    id: UUID
    org_id: UUID
    session_id: UUID
    ordinal: int
    symbol: str
    exchange: str
    side: str
    role: str
    quantity: Decimal
    entry_quantity: Decimal
    entry_price: Decimal
    entry_time: datetime
    entry_reason: str
    opened_seq: int
    stop_loss: Decimal | None
    take_profit: Decimal | None
    exit_quantity: Decimal
    exit_price: Decimal | None
    exit_time: datetime | None
    exit_reason: str | None
    closed_seq: int | None
    realized_pnl: Decimal
    unrealized_pnl: Decimal | None
    fees: Decimal
    created_at: datetime
    updated_at: datetime


class EquityRow(NamedTuple):
    """The session's equity after a record."""

    session_id: UUID
    seq: int
    org_id: UUID
    as_of: datetime
    equity: Decimal
    cash: Decimal
    drawdown: float


class Projection(NamedTuple):
    """Everything one record inserts or updates."""

    decision: DecisionRow | None
    votes: tuple[VoteRow, ...]
    orders: tuple[OrderRow, ...]
    order_changes: tuple[OrderChangeRow, ...]
    fills: tuple[FillRow, ...]
    positions: tuple[PositionRow, ...]
    equity: EquityRow
    outcomes: tuple[OutcomeRow, ...]
