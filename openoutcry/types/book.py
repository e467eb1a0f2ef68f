"""A portfolio: cash and positions, in the quote asset of the session."""

from datetime import datetime
from decimal import Decimal
from typing import Literal

from openoutcry.types.amounts import Amount, PositiveAmount
from openoutcry.types.frozen import Frozen

PositionSide = Literal["LONG", "SHORT"]


class Position(Frozen):
    """One episode from flat to flat in one symbol. ``ordinal`` counts a session's positions from 1.

    ``opened_seq`` is the round whose order opened it. ``role`` tells a hedge from a directional position.
    ``realized_pnl`` is before fees; ``fees`` holds all fees and funding paid. Exit fields are set once flat.
    """

    ordinal: int
    symbol: str
    side: PositionSide
    role: Literal["trade", "hedge", "manual"] = "trade"
    quantity: Amount
    entry_quantity: Amount
    entry_price: PositiveAmount
    entry_time: datetime
    opened_seq: int
    entry_reason: str = ""
    stop_loss: PositiveAmount | None = None
    take_profit: PositiveAmount | None = None
    realized_pnl: Amount = Decimal(0)
    fees: Amount = Decimal(0)
    exit_quantity: Amount = Decimal(0)
    exit_price: PositiveAmount | None = None
    exit_time: datetime | None = None
    closed_seq: int | None = None
    exit_reason: str | None = None


class Portfolio(Frozen):
    """Cash and open positions. ``peak_equity`` and ``day_start_equity`` serve drawdown and daily-loss limits.

    Spot: cash moves by price x quantity and fee. Perpetual: cash moves by realised P&L, fee and funding only.
    """

    quote_asset: str
    initial_capital: PositiveAmount
    cash: Amount
    positions: tuple[Position, ...] = ()
    next_ordinal: int = 1
    realized_pnl: Amount = Decimal(0)
    fees_paid: Amount = Decimal(0)
    peak_equity: Amount
    day: str = ""
    day_start_equity: Amount
    trades: int = 0
    wins: int = 0
    losses: int = 0
