"""What the compiled loops work on: the trades they write down and the account they keep, as records."""

from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.kernel.bars import Flags, Floats, Ints
from openoutcry.backtest.reasons import Denied
from openoutcry.backtest.terms import Terms

Records = NDArray[Any]
"""Of TRADE: one for each trade, in the order of entries."""
NONE_YET = -(2**62)
STAYS = -1
TRADE = np.dtype(
    [
        ("entry_bar", np.int64), ("exit_bar", np.int64), ("size", np.float64), ("entry_price", np.float64),
        ("exit_price", np.float64), ("stop", np.float64), ("target", np.float64), ("liquidation", np.float64),
        ("fees", np.float64), ("funding", np.float64), ("pnl", np.float64), ("side", np.int8), ("reason", np.int8),
    ],
    align=True,
)  # fmt: skip
ACCOUNT = np.dtype(
    [
        ("wallet", np.float64), ("locked", np.float64), ("high", np.float64), ("realised", np.float64),
        ("realised_high", np.float64), ("trades", np.int64), ("open", np.int64), ("last_fill", np.int64),
        ("day", np.int64), ("today", np.int64), ("losses", np.int64), ("loss_until", np.int64),
        ("drawdown_until", np.int64), ("killed", np.int64),
    ],
    align=True,
)  # fmt: skip


class Trade(Protocol):
    """A record of TRADE. Levels that do not exist are NaN."""

    entry_bar: int
    exit_bar: int
    size: float
    entry_price: float
    exit_price: float
    stop: float
    target: float
    liquidation: float
    fees: float
    funding: float
    pnl: float
    side: int
    reason: int


class Account(Protocol):
    """A record of ACCOUNT: money in quote units, times in bars.

    ``wallet`` is what would be left if every position were closed at its entry price, ``locked`` what of it is set aside for
    them, ``high`` the high-water mark, ``realised`` the balance with the profits of closed trades and ``realised_high`` its
    high. Entries are barred before the bars ``loss_until`` and ``drawdown_until``, and for ever once ``killed``.
    """

    wallet: float
    locked: float
    high: float
    realised: float
    realised_high: float
    trades: int
    open: int
    last_fill: int
    day: int
    today: int
    losses: int
    loss_until: int
    drawdown_until: int
    killed: int


class Wanted(NamedTuple):
    """What the strategy asks for at each close. ``side`` has one element or one for each bar; ``exit``, ``stop``,
    ``target``, ``atr`` and ``factor`` (of the size) are empty where there are none."""

    entry: Flags
    exit: Flags
    side: NDArray[np.int8]
    stop: Floats
    target: Floats
    atr: Floats
    factor: Floats


class Ask(NamedTuple):
    """One entry that is asked for: where it would fill, and what the strategy and the series say about it (NaN: nothing)."""

    bar: int
    time: int
    price: float
    side: int
    stop: float
    target: float
    atr: float
    factor: float


class Funding(NamedTuple):
    """Rates and the bars at whose open they are paid, ascending."""

    bar: Ints
    rate: Floats


class Book(NamedTuple):
    """Everything a loop writes: the account (one record), room for the trades, bars of losing exits, denials by reason,
    and for each open position the row of its trade (oldest first) and why it ends at the next fill."""

    account: Records
    trades: Records
    losing: Ints
    denied: Ints
    held: Ints
    leaving: Ints


def new_book(terms: Terms, rows: int) -> Book:
    """An account that has not traded, with room for so many trades; memory is touched only as they happen."""
    account = np.zeros(1, ACCOUNT)
    for name in ("wallet", "high", "realised", "realised_high"):
        account[name] = terms.initial_balance
    for name in ("last_fill", "day", "loss_until", "drawdown_until"):
        account[name] = NONE_YET
    return Book(
        account,
        trades=np.empty(rows, TRADE),
        losing=np.empty(rows, np.int64),
        denied=np.zeros(len(Denied), np.int64),
        held=np.empty(terms.max_open_positions, np.int64),
        leaving=np.full(terms.max_open_positions, STAYS, np.int64),
    )
