"""What the compiled loops work on: the trade table they fill and the account they keep."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.reasons import Denied
from openoutcry.backtest.terms import Terms

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
WALLET, LOCKED, HIGH, REALISED, REALISED_HIGH = range(5)
TRADES, EXITED, LAST_FILL, DAY, TODAY, LOSSES, LOSS_UNTIL, DRAWDOWN_UNTIL, KILLED = range(9)
NONE_YET = -(2**62)
Place = tuple[int, int, float]
"""Where an entry fills: its bar, the bar whose close asked for it, and the price before slippage."""


class Bars(NamedTuple):
    """Columns of the series; ``timestamp`` is the open time (UTC ms)."""

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats


class Wanted(NamedTuple):
    """What the strategy asks for at each close. ``side`` has one element or one for each bar; ``stop``, ``target``,
    ``atr`` and ``factor`` (of the size) are empty where there are none."""

    entry: NDArray[np.uint8]
    exit: NDArray[np.uint8]
    side: NDArray[np.int8]
    stop: Floats
    target: Floats
    atr: Floats
    factor: Floats


class Funding(NamedTuple):
    """Rates and the bars at whose open they are paid, ascending."""

    bar: Ints
    rate: Floats


class Table(NamedTuple):
    """One row for each trade, in the order of entries."""

    entry_bar: Ints
    exit_bar: Ints
    side: NDArray[np.int8]
    reason: NDArray[np.int8]
    size: Floats
    entry_price: Floats
    exit_price: Floats
    stop: Floats
    target: Floats
    liquidation: Floats
    fees: Floats
    funding: Floats
    pnl: Floats


class Account(NamedTuple):
    """Money (quote units) and marks (bars, counts) by the names above, bars of losing exits, denials by reason."""

    money: Floats
    marks: Ints
    losing: Ints
    denied: Ints


def new_table(rows: int) -> Table:
    """Room for so many trades; memory is touched only as they happen."""
    kinds = {"entry_bar": np.int64, "exit_bar": np.int64, "side": np.int8, "reason": np.int8}
    return Table._make(np.empty(rows, kinds.get(name, np.float64)) for name in Table._fields)


def head(table: Table, rows: int) -> Table:
    """The first rows, on their own."""
    return Table._make(column[:rows].copy() for column in table)


def new_account(terms: Terms, rows: int) -> Account:
    """An account that has not traded."""
    money = np.zeros(5)
    money[[WALLET, HIGH, REALISED, REALISED_HIGH]] = terms.initial_balance
    marks = np.zeros(9, np.int64)
    marks[[LAST_FILL, DAY, LOSS_UNTIL, DRAWDOWN_UNTIL]] = NONE_YET
    return Account(money, marks, np.empty(rows, np.int64), np.zeros(len(Denied), np.int64))
