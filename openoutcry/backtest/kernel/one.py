"""The loop for one position at a time, orders at the next open and no funding: it jumps from event to event and reads
only what a limit needs. What comes out is what ``run_many`` would say."""

import numpy as np

from openoutcry.backtest.kernel.ageing import aged
from openoutcry.backtest.kernel.bars import Bars
from openoutcry.backtest.kernel.breaker import forgive, trips
from openoutcry.backtest.kernel.compiled import compiled, part
from openoutcry.backtest.kernel.flags import count_set, next_set, words_of
from openoutcry.backtest.kernel.levels import touched
from openoutcry.backtest.kernel.orders import (
    ALLOWED,
    KILL_SWITCH,
    MAX_DRAWDOWN,
    MAX_POSITIONS,
    asked,
    enter,
    gate,
    leave,
)
from openoutcry.backtest.kernel.state import NONE_YET, STAYS, Account, Book, Trade, Wanted
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import NEVER, Terms

END_OF_DATA = int(Denied.END_OF_DATA)
SIGNAL, MAX_HOLD, DRAWDOWN, END = int(Exit.SIGNAL), int(Exit.MAX_HOLD), int(Exit.DRAWDOWN), int(Exit.END)
TP, SL, LIQUIDATION = int(Exit.TP), int(Exit.SL), int(Exit.LIQUIDATION)


@compiled
def run_one(terms: Terms, bars: Bars, wanted: Wanted, book: Book, start: int) -> None:
    """Fill the book from bar ``start`` on; what remains open is closed at the last close."""
    account, denied, last = book.account[0], book.denied, len(bars.close) - 1
    entries, exits = words_of(wanted.entry), words_of(wanted.exit)
    signal, leaving, unsettled = next_set(wanted.entry, entries, start, last), start, NONE_YET
    while signal < last:
        fill = signal + 1
        if NONE_YET < unsettled < fill:  # the close of the last exit's bar, seen without a position
            trips(terms, account, account.wallet, unsettled)
            unsettled = NONE_YET
        trade, reason = (
            book.trades[account.trades],
            gate(terms, account, fill, bars.timestamp[fill] if terms.timed else 0),
        )
        if reason == ALLOWED:
            forgive(account, fill)
            ask = asked(terms, bars, wanted, signal, fill, bars.open[fill])
            reason = enter(terms, account, trade, ask, account.wallet)
        if reason == ALLOWED:
            leaving = next_set(wanted.exit, exits, max(fill, leaving), last) if len(wanted.exit) else last
            unsettled, raw, why = hold(terms, bars, account, trade, leaving)
            leave(terms, bars, book, trade, unsettled, raw, why)
            inside = why in (TP, SL, LIQUIDATION, END)
            signal = unsettled if inside else unsettled - 1
            asked_for = next_set(wanted.entry, entries, fill, last)
            if asked_for < signal:
                denied[MAX_POSITIONS] += count_set(wanted.entry, asked_for, signal)
            else:
                signal = asked_for
        else:
            signal += 1
            denied[reason] += 1
            if reason in (MAX_DRAWDOWN, KILL_SWITCH):  # no other reason comes before these while they last
                until = last if reason == KILL_SWITCH else min(account.drawdown_until - 1, last)
                denied[reason] += count_set(wanted.entry, signal, until)
                signal = max(signal, until)
        signal = next_set(wanted.entry, entries, signal, last)
    denied[END_OF_DATA] += wanted.entry[last] != 0


@part
def hold(terms: Terms, bars: Bars, account: Account, trade: Trade, leaving: int) -> tuple[int, float, int]:
    """How a trade ends that the exit rule ends at the open after bar ``leaving``: bar, price before slippage, reason."""
    last, entered = len(bars.close) - 1, trade.entry_bar
    order, why = ordered(terms, bars, entered, leaving)
    floor, ceiling = reach(terms, trade)
    watched, signed = terms.max_drawdown_limit < 1.0, trade.side * trade.size
    ageing = entered - 1 + min(terms.exit_on_loss_after_bars, terms.exit_on_profit_after_bars)
    blind = floor == -np.inf and ceiling == np.inf and not watched and ageing >= order - 1
    for bar in range(last + 1 if blind else entered, min(order, last + 1)):
        if bars.low[bar] <= floor or bars.high[bar] >= ceiling:
            reason, raw = touched(terms, bars, trade, bar)
            if reason != STAYS:
                return bar, raw, reason
        if bar == last:
            break
        if watched:
            gain = signed * (bars.close[bar] - trade.entry_price)
            if trips(terms, account, account.wallet + gain, bar):
                return bar + 1, bars.open[bar + 1], DRAWDOWN
        if bar >= ageing and bar + 1 < order:
            reason = aged(terms, trade, bars.close[bar], bar + 1 - entered)
            if reason != STAYS:
                return bar + 1, bars.open[bar + 1], reason
    return (order, bars.open[order], why) if order <= last else (last, bars.close[last], END)


@part
def ordered(terms: Terms, bars: Bars, entered: int, leaving: int) -> tuple[int, int]:
    """The bar at whose open a trade ends by the exit rule or its age, whichever comes first, and why."""
    last = len(bars.close) - 1
    oldest = entered + min(terms.max_hold_bars, last + 1)
    if terms.hold_ms < NEVER:
        oldest = min(oldest, np.searchsorted(bars.timestamp, bars.timestamp[entered] + terms.hold_ms))
    return (leaving + 1, SIGNAL) if leaving < last and leaving + 1 <= oldest else (oldest, MAX_HOLD)


@part
def reach(terms: Terms, trade: Trade) -> tuple[float, float]:
    """The prices a bar's low and high must reach for any level to matter; infinite where there is none."""
    near, target = trade.stop, trade.target
    if terms.perpetual and not trade.side * (near - trade.liquidation) > 0.0:
        near = trade.liquidation
    if trade.side > 0:
        return (-np.inf if np.isnan(near) else near), (np.inf if np.isnan(target) else target)
    return (-np.inf if np.isnan(target) else target), (np.inf if np.isnan(near) else near)
