"""The loop over every bar, with any number of open positions. docs/backtests.md lists its steps."""

import numpy as np

from openoutcry.backtest.kernel.ageing import aged
from openoutcry.backtest.kernel.breaker import trips
from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.levels import STAYS, touched
from openoutcry.backtest.kernel.orders import ALLOWED, enter, gate, leave
from openoutcry.backtest.kernel.state import (
    KILLED,
    TRADES,
    WALLET,
    Account,
    Bars,
    Funding,
    Ints,
    Place,
    Table,
    Wanted,
)
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import Terms

END_OF_DATA = int(Denied.END_OF_DATA)
SIGNAL, MAX_HOLD, DRAWDOWN = int(Exit.SIGNAL), int(Exit.MAX_HOLD), int(Exit.DRAWDOWN)
KILL, END = int(Exit.KILL), int(Exit.END)


@compiled
def run_many(
    terms: Terms, bars: Bars, wanted: Wanted, funding: Funding, account: Account, table: Table, start: int
) -> None:
    """Fill the table from bar ``start`` on; what remains open is closed at the last close."""
    last = len(bars.close) - 1
    held = np.empty(terms.max_open_positions, np.int64)  # rows of the open trades, oldest first
    leaving = np.full(terms.max_open_positions, STAYS, np.int64)  # why they end at the next fill
    count, paid, waiting = 0, np.searchsorted(funding.bar, start + 1), False
    for bar in range(start, last + 1):
        while paid < len(funding.bar) and funding.bar[paid] <= bar:
            pay(bars, account, table, held[:count], bar, funding.rate[paid])
            paid += 1
        if not terms.at_close:
            count = fill_exits(terms, bars, account, table, held, leaving, count, bar, bars.open[bar])
            if waiting:
                place = (bar, bar - 1, bars.open[bar])
                count = fill_entry(terms, bars, wanted, account, table, held, leaving, count, place)
        count = fill_levels(terms, bars, account, table, held, leaving, count, bar)
        watch(terms, account, worth(account, table, held[:count], bars.close[bar]), held, leaving, count, bar)
        decide(terms, bars, wanted, table, held, leaving, count, bar)
        waiting = wanted.entry[bar] != 0
        if terms.at_close:
            count = fill_exits(terms, bars, account, table, held, leaving, count, bar, bars.close[bar])
            if waiting and bar < last:
                place = (bar, bar, bars.close[bar])
                count = fill_entry(terms, bars, wanted, account, table, held, leaving, count, place)
    if waiting:
        account.denied[END_OF_DATA] += 1
    leaving[:count] = END
    fill_exits(terms, bars, account, table, held, leaving, count, last, bars.close[last])


@compiled
def pay(bars: Bars, account: Account, table: Table, held: Ints, bar: int, rate: float) -> None:
    """Pay or receive funding on every open trade, at the bar's open."""
    for row in held:
        amount = table.side[row] * table.size[row] * bars.open[bar] * rate
        table.funding[row] += amount
        account.money[WALLET] -= amount


@compiled
def worth(account: Account, table: Table, held: Ints, price: float) -> float:
    """The account at a price: the wallet and what the open trades have won or lost."""
    total = float(account.money[WALLET])
    for row in held:
        total += float(table.side[row] * table.size[row] * (price - table.entry_price[row]))
    return total


@compiled
def fill_exits(
    terms: Terms,
    bars: Bars,
    account: Account,
    table: Table,
    held: Ints,
    leaving: Ints,
    count: int,
    bar: int,
    raw: float,
) -> int:
    """Close the trades that were to end, oldest first; how many stay open."""
    kept = 0
    for i in range(count):
        if leaving[i] == STAYS:
            held[kept] = held[i]
            kept += 1
        else:
            leave(terms, bars, account, table, held[i], bar, raw, leaving[i])
    leaving[:count] = STAYS
    return kept


@compiled
def fill_entry(
    terms: Terms,
    bars: Bars,
    wanted: Wanted,
    account: Account,
    table: Table,
    held: Ints,
    leaving: Ints,
    count: int,
    place: Place,
) -> int:
    """Enter if every gate lets it; how many are open then."""
    bar, _, raw = place
    row = account.marks[TRADES]
    reason = gate(terms, account, bar, bars.timestamp[bar], count)
    if reason == ALLOWED:
        value = worth(account, table, held[:count], raw)
        reason = enter(terms, bars, wanted, account, table, place, value)
    if reason != ALLOWED:
        account.denied[reason] += 1
        return count
    held[count] = row
    leaving[count] = STAYS
    return count + 1


@compiled
def fill_levels(
    terms: Terms, bars: Bars, account: Account, table: Table, held: Ints, leaving: Ints, count: int, bar: int
) -> int:
    """Stops, targets and liquidations inside the bar; how many stay open."""
    kept = 0
    for i in range(count):
        reason, raw = touched(terms, bars, table, held[i], bar)
        if reason == STAYS:
            held[kept], leaving[kept] = held[i], leaving[i]
            kept += 1
        else:
            leave(terms, bars, account, table, held[i], bar, raw, reason)
    return kept


@compiled
def watch(
    terms: Terms, account: Account, value: float, held: Ints, leaving: Ints, count: int, bar: int
) -> None:
    """What ends every open trade at the next fill."""
    if trips(terms, account, value, bar):
        leaving[:count] = DRAWDOWN
    if account.marks[KILLED]:
        leaving[:count] = KILL


@compiled
def decide(
    terms: Terms, bars: Bars, wanted: Wanted, table: Table, held: Ints, leaving: Ints, count: int, bar: int
) -> None:
    """Which trades end at the next fill, by the exit rule or by their age."""
    early = 0 if terms.at_close else 1  # an order for the next open is given one bar before it fills
    for i in range(count):
        row = held[i]
        entered = table.entry_bar[row]
        age = bar - entered + early
        if leaving[i] != STAYS or age == 0:
            continue
        if len(wanted.exit) and wanted.exit[bar]:
            leaving[i] = SIGNAL
        elif age >= terms.max_hold_bars or overdue(terms, bars, entered, bar + early):
            leaving[i] = MAX_HOLD
        else:
            leaving[i] = aged(terms, bars, table, row, bar, age)


@compiled
def overdue(terms: Terms, bars: Bars, entered: int, bar: int) -> bool:
    """True when a bar opens max_hold_time_hours or more after the entry's."""
    return bar < len(bars.close) and bars.timestamp[bar] - bars.timestamp[entered] >= terms.hold_ms
