"""The loop for one position at a time, orders at the next open and no funding: it jumps from event to event and reads
only what a limit needs. What comes out is what ``run_many`` would say."""

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.kernel.ageing import aged
from openoutcry.backtest.kernel.breaker import forgive, trips
from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.levels import STAYS, touched
from openoutcry.backtest.kernel.orders import (
    ALLOWED,
    KILL_SWITCH,
    MAX_DRAWDOWN,
    MAX_POSITIONS,
    enter,
    gate,
    leave,
)
from openoutcry.backtest.kernel.state import (
    DRAWDOWN_UNTIL,
    NONE_YET,
    TRADES,
    WALLET,
    Account,
    Bars,
    Table,
    Wanted,
)
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import NEVER, Terms

END_OF_DATA = int(Denied.END_OF_DATA)
SIGNAL, MAX_HOLD, DRAWDOWN, END = int(Exit.SIGNAL), int(Exit.MAX_HOLD), int(Exit.DRAWDOWN), int(Exit.END)
TP, SL, LIQUIDATION = int(Exit.TP), int(Exit.SL), int(Exit.LIQUIDATION)
Flags = NDArray[np.uint8]


@compiled
def run_one(terms: Terms, bars: Bars, wanted: Wanted, account: Account, table: Table, start: int) -> None:
    """Fill the table from bar ``start`` on; what remains open is closed at the last close."""
    entry, denied, last = wanted.entry, account.denied, len(bars.close) - 1
    signal, leaving, unsettled = next_set(entry, start, last), start, NONE_YET
    while signal < last:
        fill = signal + 1
        if NONE_YET < unsettled < fill:  # the close of the last exit's bar, seen without a position
            trips(terms, account, account.money[WALLET], unsettled)
            unsettled = NONE_YET
        row, reason = account.marks[TRADES], gate(terms, account, fill, bars.timestamp[fill], 0)
        if reason == ALLOWED:
            forgive(account, fill)
            place = (fill, signal, bars.open[fill])
            reason = enter(terms, bars, wanted, account, table, place, account.money[WALLET])
        if reason == ALLOWED:
            leaving = next_set(wanted.exit, max(fill, leaving), last) if len(wanted.exit) else last
            unsettled, raw, why = hold(terms, bars, account, table, row, leaving)
            leave(terms, bars, account, table, row, unsettled, raw, why)
            inside = why in (TP, SL, LIQUIDATION, END)
            signal = unsettled if inside else unsettled - 1
            denied[MAX_POSITIONS] += count_set(entry, fill, signal)
        else:
            signal += 1
            denied[reason] += 1
            if (
                reason in (MAX_DRAWDOWN, KILL_SWITCH)
            ):  # nothing comes before these: they stay the reason
                until = last if reason == KILL_SWITCH else min(account.marks[DRAWDOWN_UNTIL] - 1, last)
                denied[reason] += count_set(entry, signal, until)
                signal = max(signal, until)
        signal = next_set(entry, signal, last)
    denied[END_OF_DATA] += entry[last] != 0


@compiled
def hold(
    terms: Terms, bars: Bars, account: Account, table: Table, row: int, leaving: int
) -> tuple[int, float, int]:
    """How a trade ends that the exit rule ends at the open after bar ``leaving``: bar, price before slippage, reason."""
    last, entered = len(bars.close) - 1, table.entry_bar[row]
    order, why = ordered(terms, bars, entered, leaving)
    floor, ceiling = reach(terms, table, row)
    signed, entry = table.side[row] * table.size[row], table.entry_price[row]
    wallet, watched = account.money[WALLET], terms.max_drawdown_limit < 1.0
    ageing = entered - 1 + min(terms.exit_on_loss_after_bars, terms.exit_on_profit_after_bars)
    if not watched and ageing >= order and floor == -np.inf and ceiling == np.inf:
        return (order, bars.open[order], why) if order <= last else (last, bars.close[last], END)
    for bar in range(entered, min(order, last + 1)):
        if bars.low[bar] <= floor or bars.high[bar] >= ceiling:
            reason, raw = touched(terms, bars, table, row, bar)
            if reason != STAYS:
                return bar, raw, reason
        if bar >= last:
            break
        gain = signed * (bars.close[bar] - entry)
        if watched and trips(terms, account, wallet + gain, bar):
            return bar + 1, bars.open[bar + 1], DRAWDOWN
        if bar >= ageing and bar + 1 < order:
            reason = aged(terms, bars, table, row, bar, bar + 1 - entered)
            if reason != STAYS:
                return bar + 1, bars.open[bar + 1], reason
    return (order, bars.open[order], why) if order <= last else (last, bars.close[last], END)


@compiled
def ordered(terms: Terms, bars: Bars, entered: int, leaving: int) -> tuple[int, int]:
    """The bar at whose open a trade ends by the exit rule or its age, whichever comes first, and why."""
    last = len(bars.close) - 1
    oldest = entered + min(terms.max_hold_bars, last + 1)
    if terms.hold_ms < NEVER:
        oldest = min(oldest, np.searchsorted(bars.timestamp, bars.timestamp[entered] + terms.hold_ms))
    return (leaving + 1, SIGNAL) if leaving < last and leaving + 1 <= oldest else (oldest, MAX_HOLD)


@compiled
def reach(terms: Terms, table: Table, row: int) -> tuple[float, float]:
    """The prices a bar's low and high must reach for any level to matter; infinite where there is none."""
    side, target = table.side[row], table.target[row]
    near = table.stop[row]
    if terms.perpetual and not side * (near - table.liquidation[row]) > 0.0:
        near = table.liquidation[row]
    if side > 0:
        return (-np.inf if np.isnan(near) else near), (np.inf if np.isnan(target) else target)
    return (-np.inf if np.isnan(target) else target), (np.inf if np.isnan(near) else near)


@compiled
def next_set(flags: Flags, first: int, end: int) -> int:
    """The first bar from ``first`` on, before ``end``, at which a flag is set; ``end`` when there is none."""
    for bar in range(first, end):
        if flags[bar]:
            return bar
    return end


@compiled
def count_set(flags: Flags, first: int, end: int) -> int:
    """How many flags are set from ``first`` on, before ``end``."""
    total = 0
    for bar in range(first, end):
        total += flags[bar] != 0
    return total
