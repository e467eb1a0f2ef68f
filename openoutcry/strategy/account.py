"""A strategy's own account on the floor: its share of what came of the positions it voted into being.

A position is a strategy's when the decision that opened it was the action it voted for, and its vote counted. Its share
is its strength (weight × confidence) among all who voted for that action: a strategy that carried a decision alone owns
the whole position, one of two equal voices half of it. The shares of all voices add up to the floor's own result.

    account_value = initial balance + Σ share × (realised P&L − fees and funding + unrealised P&L)
    cash_balance  = account_value − Σ share × value of open spot positions
"""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

from openoutcry.types.amounts import Amount, cents
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)
SHARE_PLACES = 12


class Stake(NamedTuple):
    """A position and who stood behind it. Money is in the session's quote asset; ``fees`` hold funding too."""

    symbol: str
    open: bool
    quantity: Decimal
    entry_price: Decimal
    realized_pnl: Decimal
    unrealized_pnl: Decimal
    fees: Decimal
    strength: float
    strength_of_all: float


class ExecutionState(Frozen):
    """The account now. ``total_trades`` are closed positions, those of all time."""

    cash_balance: Amount
    account_value: Amount
    total_trades: int
    num_open_positions: int


def execution_state(initial_balance: Decimal, stakes: Iterable[Stake]) -> ExecutionState:
    """The account of these stakes; its initial balance while there are none."""
    value, tied, closed, still = initial_balance, ZERO, 0, 0
    for stake in stakes:
        share = _share(stake)
        if share == 0:
            continue
        value += share * (stake.realized_pnl - stake.fees + (stake.unrealized_pnl if stake.open else ZERO))
        if stake.open and parse_symbol(stake.symbol).kind == "spot":
            tied += share * (stake.entry_price * stake.quantity + stake.unrealized_pnl)
        closed, still = closed + (not stake.open), still + stake.open
    return ExecutionState(
        cash_balance=cents(value - tied),
        account_value=cents(value),
        total_trades=closed,
        num_open_positions=still,
    )


def _share(stake: Stake) -> Decimal:
    if stake.strength_of_all <= 0:
        return ZERO
    return Decimal(repr(round(stake.strength / stake.strength_of_all, SHARE_PLACES)))
