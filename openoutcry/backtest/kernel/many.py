"""The loop with any number of open positions, over every bar on which one is. docs/backtests.md lists its steps."""

import numpy as np

from openoutcry.backtest.kernel.ageing import aged
from openoutcry.backtest.kernel.bars import Bars
from openoutcry.backtest.kernel.breaker import forgive, trips
from openoutcry.backtest.kernel.compiled import compiled, part
from openoutcry.backtest.kernel.flags import next_set, words_of
from openoutcry.backtest.kernel.levels import touched
from openoutcry.backtest.kernel.orders import ALLOWED, asked, enter, gate, leave
from openoutcry.backtest.kernel.state import STAYS, Account, Ask, Book, Funding, Wanted
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import Terms

END_OF_DATA = int(Denied.END_OF_DATA)
SIGNAL, MAX_HOLD, DRAWDOWN = int(Exit.SIGNAL), int(Exit.MAX_HOLD), int(Exit.DRAWDOWN)
KILL, END = int(Exit.KILL), int(Exit.END)


@compiled
def run_many(terms: Terms, bars: Bars, wanted: Wanted, funding: Funding, book: Book, start: int) -> None:
    """Fill the book from bar ``start`` on; what remains open is closed at the last close."""
    account, leaving, last = book.account[0], book.leaving, len(bars.close) - 1
    paid, waiting, entries = np.searchsorted(funding.bar, start + 1), False, words_of(wanted.entry)
    bar = start
    while bar <= last:
        while paid < len(funding.bar) and funding.bar[paid] <= bar:
            pay(account, book, bars.open[bar] * funding.rate[paid])
            paid += 1
        if not terms.at_close:
            fill_exits(terms, bars, book, bar, bars.open[bar])
            if waiting:
                fill_entry(terms, book, asked(terms, bars, wanted, bar - 1, bar, bars.open[bar]))
        fill_levels(terms, bars, book, bar)
        if trips(terms, account, worth(account, book, bars.close[bar]), bar):
            leaving[: account.open] = DRAWDOWN
        idle = account.open == 0
        if account.killed:
            leaving[: account.open] = KILL
        decide(terms, bars, wanted, book, bar)
        waiting = wanted.entry[bar] != 0
        if terms.at_close:
            fill_exits(terms, bars, book, bar, bars.close[bar])
            if waiting and bar < last:
                fill_entry(terms, book, asked(terms, bars, wanted, bar, bar, bars.close[bar]))
        bar += 1
        if (
            idle and not waiting
        ):  # nothing was open when the breaker looked: nothing happens until something is asked for
            bar = next_set(wanted.entry, entries, bar, last + 1)
            forgive(account, bar)
    if waiting:
        book.denied[END_OF_DATA] += 1
    leaving[: account.open] = END
    fill_exits(terms, bars, book, last, bars.close[last])


@part
def pay(account: Account, book: Book, due: float) -> None:
    """Pay or receive funding on every open trade; ``due`` is that of one unit held long."""
    for i in range(account.open):
        trade = book.trades[book.held[i]]
        amount = trade.side * trade.size * due
        trade.funding += amount
        account.wallet -= amount


@part
def worth(account: Account, book: Book, price: float) -> float:
    """The account at a price: the wallet and what the open trades have won or lost."""
    total = account.wallet
    for i in range(account.open):
        trade = book.trades[book.held[i]]
        total += trade.side * trade.size * (price - trade.entry_price)
    return total


@part
def fill_exits(terms: Terms, bars: Bars, book: Book, bar: int, raw: float) -> None:
    """Close the trades that were to end, oldest first."""
    account, held, leaving, kept = book.account[0], book.held, book.leaving, 0
    count = account.open
    for i in range(count):
        if leaving[i] == STAYS:
            held[kept] = held[i]
            kept += 1
        else:
            trade = book.trades[held[i]]
            leave(terms, bars, book, trade, bar, raw, leaving[i])
    leaving[:count] = STAYS


@part
def fill_entry(terms: Terms, book: Book, ask: Ask) -> None:
    """Enter if every gate lets it."""
    account, count = book.account[0], book.account[0].open
    row, reason = account.trades, gate(terms, account, ask.bar, ask.time)
    if reason == ALLOWED:
        reason = enter(terms, account, book.trades[row], ask, worth(account, book, ask.price))
    if reason == ALLOWED:
        book.held[count], book.leaving[count] = row, STAYS
    else:
        book.denied[reason] += 1


@part
def fill_levels(terms: Terms, bars: Bars, book: Book, bar: int) -> None:
    """Stops, targets and liquidations inside the bar."""
    account, held, leaving, kept = book.account[0], book.held, book.leaving, 0
    for i in range(account.open):
        trade = book.trades[held[i]]
        reason, raw = touched(terms, bars, trade, bar)
        if reason == STAYS:
            held[kept], leaving[kept] = held[i], leaving[i]
            kept += 1
        else:
            leave(terms, bars, book, trade, bar, raw, reason)


@part
def decide(terms: Terms, bars: Bars, wanted: Wanted, book: Book, bar: int) -> None:
    """Which trades end at the next fill, by the exit rule or by their age."""
    leaving, fill = book.leaving, bar if terms.at_close else bar + 1
    for i in range(book.account[0].open):
        trade = book.trades[book.held[i]]
        age = fill - trade.entry_bar
        if leaving[i] != STAYS or age == 0:
            continue
        if len(wanted.exit) and wanted.exit[bar]:
            leaving[i] = SIGNAL
        elif age >= terms.max_hold_bars or overdue(terms, bars, trade.entry_bar, fill):
            leaving[i] = MAX_HOLD
        else:
            leaving[i] = aged(terms, trade, bars.close[bar], age)


@part
def overdue(terms: Terms, bars: Bars, entered: int, bar: int) -> bool:
    """True when a bar opens max_hold_time_hours or more after the entry's."""
    return bar < len(bars.close) and bars.timestamp[bar] - bars.timestamp[entered] >= terms.hold_ms
