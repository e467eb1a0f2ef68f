"""Accounts, positions, closed trades and evaluations as Mangrove's clients see them: views on the floor's one store."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from api.shapes.base import Shape, shaped
from api.shapes.strategies import AccountState
from openoutcry.ledger.stats import SessionStats


class Account(Shape, frozen=True, kw_only=True):
    """A trading session. ``user_id`` is the org's id: a session is no one person's. ``active`` while it may enter positions."""

    id: UUID
    org_id: UUID
    user_id: UUID
    account_type: Literal["paper", "live"]
    name: str
    asset: str
    exchange: str
    initial_balance: Decimal
    cash_balance: Decimal
    account_value: Decimal
    total_trades: int
    num_open_positions: int
    status: str
    active: bool
    created_at: datetime
    updated_at: datetime


class AccountList(Shape, frozen=True, kw_only=True):
    """Accounts, those that run first."""

    success: bool
    accounts: list[Account]
    skip: int
    limit: int


class OneAccount(Account, frozen=True, kw_only=True):
    """The account twice: under ``account`` and spread beside it."""

    success: bool
    account: Account


class Held(Shape, frozen=True, kw_only=True):
    """A position. ``cost`` is what it was entered for, ``value_at_close`` what it was left for. ``strategy_id`` is the
    strategy whose voice for it was the strongest."""

    id: UUID
    account_id: UUID
    strategy_id: UUID | None
    strategy_name: str | None
    asset: str
    exchange: str
    side: Literal["long", "short"]
    role: str
    entry_price: Decimal
    exit_price: Decimal | None
    position_size: Decimal
    cost: Decimal
    value_at_close: Decimal | None
    profit_loss: Decimal
    open: bool
    exit_reason: str | None
    stop_loss_price: Decimal | None
    take_profit_price: Decimal | None
    entry_timestamp: datetime
    exit_timestamp: datetime | None


class HeldList(Shape, frozen=True, kw_only=True):
    """Positions, newest first."""

    success: bool
    positions: list[Held]
    skip: int
    limit: int


class OneHeld(Held, frozen=True, kw_only=True):
    """The position twice: under ``position`` and spread beside it."""

    success: bool
    position: Held


class Closed(Shape, frozen=True, kw_only=True):
    """A position that is over. ``profit_loss`` is after fees and funding, ``profit_loss_pct`` of what was paid, in percent;
    the balances are the account's equity before the round that opened it and after the one that closed it."""

    id: UUID
    account_id: UUID
    position_id: UUID
    outcome: Literal["win", "loss"]
    profit_loss: Decimal
    profit_loss_pct: float
    asset: str
    exchange: str
    strategy_name: str | None
    entry_price: Decimal
    exit_price: Decimal
    position_size: Decimal
    beginning_balance: Decimal
    ending_balance: Decimal | None
    exit_reason: str | None
    closed_at: datetime


class ClosedList(Shape, frozen=True, kw_only=True):
    """Closed positions, newest first."""

    success: bool
    trades: list[Closed]
    skip: int
    limit: int


class OrderHistory(Shape, frozen=True, kw_only=True):
    """When what happened to an order; a proposal has been created and no more."""

    created: datetime
    activated: datetime | None
    filled: datetime | None
    cancelled: datetime | None


class ProposedOrder(Shape, frozen=True, kw_only=True):
    """An order the strategy proposes. It is ``pending``: orders are placed by the floor's rounds, through the risk gate."""

    order_id: UUID
    asset: str
    side: Literal["entry_long", "exit_long", "entry_short", "exit_short"]
    order_type: Literal["market", "take_profit", "stop_loss"]
    status: Literal["pending"]
    price: float
    position_size: float
    position_id: UUID | None
    history: OrderHistory


class Evaluation(Shape, frozen=True, kw_only=True):
    """A strategy at the last closed bar. ``declined`` names the rule that stands between a signal and an order."""

    success: bool
    strategy_id: UUID | None
    strategy_name: str
    asset: str | None
    current_price: float | None
    timestamp: datetime | None
    timeframe: str | None
    entry_signal: bool
    exit_signal: bool
    execution_state: AccountState | None
    new_orders: list[ProposedOrder]
    open_positions: list[Held]
    declined: dict[str, str] | None
    persisted: bool
    execution_time_seconds: float
    error: str | None


def failed(name: str, error: str) -> Evaluation:
    """A strategy that could not be evaluated, and why."""
    return Evaluation(
        success=False,
        strategy_id=None,
        strategy_name=name,
        asset=None,
        current_price=None,
        timestamp=None,
        timeframe=None,
        entry_signal=False,
        exit_signal=False,
        execution_state=None,
        new_orders=[],
        open_positions=[],
        declined=None,
        persisted=False,
        execution_time_seconds=0.0,
        error=error,
    )


def account_of(row: Mapping[str, Any]) -> Account:
    """A session with its newest equity."""
    stats = SessionStats.model_validate(row["stats"]) if row["stats"] else None
    live = row["status"] == "RUNNING"
    value = row["equity"] if row["equity"] is not None else row["initial_capital"]
    return shaped(
        row,
        Account,
        user_id=row["org_id"],
        account_type=row["mode"].lower(),
        name=f"{row['symbol']} {row['mode'].lower()}",
        asset=row["symbol"],
        initial_balance=row["initial_capital"],
        cash_balance=row["cash"] if row["cash"] is not None else row["initial_capital"],
        account_value=value,
        total_trades=stats.trades if stats else 0,
        num_open_positions=row["open_positions"],
        status=row["status"].lower(),
        active=live,
    )


def held(row: Mapping[str, Any]) -> Held:
    """A position."""
    is_open = row["exit_time"] is None
    size = row["quantity"] if is_open else row["entry_quantity"]
    return shaped(
        row,
        Held,
        account_id=row["session_id"],
        asset=row["symbol"],
        side=row["side"].lower(),
        position_size=size,
        cost=size * row["entry_price"],
        value_at_close=None if is_open else row["entry_quantity"] * row["exit_price"],
        profit_loss=row["realized_pnl"] - row["fees"] + (row["unrealized_pnl"] if is_open else 0),
        open=is_open,
        stop_loss_price=row["stop_loss"],
        take_profit_price=row["take_profit"],
        entry_timestamp=row["entry_time"],
        exit_timestamp=row["exit_time"],
    )


def closed(row: Mapping[str, Any]) -> Closed:
    """A closed position as a trade."""
    result, cost = row["realized_pnl"] - row["fees"], row["entry_quantity"] * row["entry_price"]
    return shaped(
        row,
        Closed,
        account_id=row["session_id"],
        position_id=row["id"],
        outcome="win" if result > 0 else "loss",
        profit_loss=result,
        profit_loss_pct=float(result / cost) * 100 if cost else 0.0,
        asset=row["symbol"],
        position_size=row["entry_quantity"],
        closed_at=row["exit_time"],
    )
