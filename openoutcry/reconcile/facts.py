"""An account as somebody has it: orders, fills, money moves, balances and positions. Ours and the venue's alike."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

from openoutcry.types.orders import Side
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)
FillKey = tuple[str, str]
"""Symbol and the venue's trade id: with the venue, what a fill is booked by, once."""
MoveKind = Literal["deposit", "withdrawal", "transfer", "funding", "liquidation", "other"]


@dataclass(frozen=True, slots=True)
class OrderFact:
    """An order as it stands. ``executed`` is cumulative, in base units."""

    client_order_id: str
    venue_order_id: str
    symbol: str
    side: Side
    quantity: Decimal
    executed: Decimal
    open: bool


@dataclass(frozen=True, slots=True)
class FillFact:
    """One execution. ``quote`` is what was paid or received for it before fees; ``fees`` are positive when paid, in any
    asset. ``realized`` is the profit a perpetual's fill pays out in the settlement asset (spot: 0).
    """

    symbol: str
    trade_id: str
    client_order_id: str
    venue_order_id: str
    side: Side
    price: Decimal
    quantity: Decimal
    quote: Decimal
    fees: tuple[tuple[str, Decimal], ...]
    executed_at: datetime
    realized: Decimal = ZERO

    @property
    def key(self) -> FillKey:
        """What it is booked by."""
        return self.symbol, self.trade_id

    def flows(self) -> dict[str, Decimal]:
        """How it moves balances, by asset."""
        pair = parse_symbol(self.symbol)
        moved: dict[str, Decimal] = {}
        sign = 1 if self.side == "BUY" else -1
        if pair.settle is None:
            moved[pair.base] = sign * self.quantity
            moved[pair.quote] = -sign * self.quote
        elif self.realized:
            moved[pair.settle] = self.realized
        for asset, amount in self.fees:
            moved[asset] = moved.get(asset, ZERO) - amount
        return moved

    def turn(self) -> Decimal:
        """How it moves the position of a perpetual; 0 on spot, where balances are what is held."""
        if parse_symbol(self.symbol).settle is None:
            return ZERO
        return self.quantity if self.side == "BUY" else -self.quantity


@dataclass(frozen=True, slots=True)
class MoneyMove:
    """Money that came or went without a fill. ``move_id`` is the venue's."""

    move_id: str
    kind: MoveKind
    asset: str
    amount: Decimal
    symbol: str | None = None


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """All of it at one moment. Balances are totals by asset, positions signed by perpetual; what is absent is 0.

    ``voided`` are fills that were undone: a venue may go on listing them. ``complete_from`` of a symbol is the first trade
    id that ``fills`` surely reach back to: older fills are not compared.
    """

    orders: tuple[OrderFact, ...] = ()
    fills: tuple[FillFact, ...] = ()
    moves: tuple[MoneyMove, ...] = ()
    balances: Mapping[str, Decimal] = field(default_factory=dict)
    positions: Mapping[str, Decimal] = field(default_factory=dict)
    complete_from: Mapping[str, int] = field(default_factory=dict)
    voided: frozenset[FillKey] = frozenset()
