"""What happens when an order is given, refused or filled. Used by every loop, so that they cannot differ."""

import numpy as np

from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.state import (
    DAY,
    DRAWDOWN_UNTIL,
    EXITED,
    KILLED,
    LAST_FILL,
    LOCKED,
    LOSS_UNTIL,
    LOSSES,
    NONE_YET,
    REALISED,
    REALISED_HIGH,
    TODAY,
    TRADES,
    WALLET,
    Account,
    Bars,
    Place,
    Table,
    Wanted,
)
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import ATR_STOP, BY_RISK, NO_STOP, Terms

DAY_MS = 86_400_000
ALLOWED = -1
KILL_SWITCH, MAX_DRAWDOWN, MAX_POSITIONS = (
    int(Denied.KILL_SWITCH),
    int(Denied.MAX_DRAWDOWN),
    int(Denied.MAX_POSITIONS),
)
DAILY_LIMIT, COOLDOWN, LOSS_COOLDOWN = (
    int(Denied.DAILY_LIMIT),
    int(Denied.COOLDOWN),
    int(Denied.LOSS_COOLDOWN),
)
MIN_BALANCE, NO_ATR, BAD_LEVELS = int(Denied.MIN_BALANCE), int(Denied.NO_ATR), int(Denied.BAD_LEVELS)
MIN_TRADE_AMOUNT = int(Denied.MIN_TRADE_AMOUNT)
LIQUIDATION = int(Exit.LIQUIDATION)


@compiled
def slip(terms: Terms, time: int, leg: int) -> float:
    """How much worse a fill is, a fraction: drawn from the seed, the bar's time and the leg (0 entry, 1 exit) by
    splitmix64, so that one trade more or less does not change the draws of the others."""
    if not terms.uniform or terms.slippage_pct == 0.0:
        return terms.slippage_pct
    z = np.uint64(terms.seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(2 * time + leg)
    for _ in range(2):
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0) * terms.slippage_pct


@compiled
def gate(terms: Terms, account: Account, bar: int, time: int, opened: int) -> int:
    """The first reason not to enter at a bar, as far as it does not depend on the price; ALLOWED when there is none."""
    money, marks = account.money, account.marks
    if marks[KILLED]:
        return KILL_SWITCH
    if bar < marks[DRAWDOWN_UNTIL]:
        return MAX_DRAWDOWN
    if opened >= terms.max_open_positions:
        return MAX_POSITIONS
    if marks[DAY] == time // DAY_MS and marks[TODAY] >= terms.max_trades_per_day:
        return DAILY_LIMIT
    if bar - marks[LAST_FILL] < terms.cooldown_bars:
        return COOLDOWN
    if bar < marks[LOSS_UNTIL]:
        return LOSS_COOLDOWN
    if money[WALLET] - money[LOCKED] < terms.min_balance:
        return MIN_BALANCE
    return ALLOWED


@compiled
def stop_price(terms: Terms, wanted: Wanted, signal: int, price: float, side: int) -> float:
    """Where the stop of an entry lies: the strategy's own, else by the configuration. NaN without one."""
    if len(wanted.stop) and not np.isnan(wanted.stop[signal]):
        return float(wanted.stop[signal])
    if terms.stop_mode == ATR_STOP:
        return price - side * (float(wanted.atr[signal]) * terms.atr_volatility_factor)
    if terms.stop_mode == NO_STOP:
        return np.nan
    return price - side * (price * terms.stop_loss_pct)


@compiled
def units(terms: Terms, free: float, worth: float, price: float, distance: float, factor: float) -> float:
    """Size of an entry in base units: by risk or all in, times the volatility's factor, within every limit."""
    affordable = free / (price * (terms.margin + terms.fee_pct))
    size = affordable
    if terms.size_mode == BY_RISK:
        size = worth * terms.max_risk_per_trade / distance
    size = size * factor
    return min(min(size, affordable), min(terms.max_units_per_trade, terms.max_trade_amount / price))


@compiled
def enter(
    terms: Terms, bars: Bars, wanted: Wanted, account: Account, table: Table, place: Place, worth: float
) -> int:
    """Fill an entry that passed the gate; ``place`` is (bar, signal's bar, raw price). ALLOWED, or why not after all."""
    bar, signal, raw = place
    money, marks = account.money, account.marks
    side = wanted.side[signal] if len(wanted.side) > 1 else wanted.side[0]
    own = len(wanted.stop) and not np.isnan(wanted.stop[signal])
    if terms.stop_mode == ATR_STOP and not own and np.isnan(wanted.atr[signal]):
        return NO_ATR
    time = bars.timestamp[bar]
    price = raw * (1.0 + side * slip(terms, time, 0))
    stop = stop_price(terms, wanted, signal, price, side)
    distance = side * (price - stop)
    target = price + side * (terms.reward_factor * distance)
    if len(wanted.target) and not np.isnan(wanted.target[signal]):
        target = wanted.target[signal]
    if distance <= 0.0 or side * (target - price) <= 0.0:
        return BAD_LEVELS
    factor = wanted.factor[signal] if len(wanted.factor) else 1.0
    size = units(terms, money[WALLET] - money[LOCKED], worth, price, distance, factor)
    if not size * price >= terms.min_trade_amount or size <= 0.0:
        return MIN_TRADE_AMOUNT
    fee = size * price * terms.fee_pct
    row = marks[TRADES]
    marks[TRADES] += 1
    table.entry_bar[row], table.side[row], table.size[row], table.entry_price[row] = bar, side, size, price
    table.stop[row], table.target[row], table.fees[row], table.funding[row] = stop, target, fee, 0.0
    table.liquidation[row] = liquidation_price(terms, price, side)
    money[WALLET] -= fee
    money[LOCKED] += size * price * terms.margin
    marks[LAST_FILL] = bar
    if marks[DAY] != time // DAY_MS:
        marks[DAY] = time // DAY_MS
        marks[TODAY] = 0
    marks[TODAY] += 1
    return ALLOWED


@compiled
def liquidation_price(terms: Terms, price: float, side: int) -> float:
    """Where what is left of a position's margin is its maintenance margin; NaN where that cannot be."""
    if not terms.perpetual:
        return np.nan
    return price * (1.0 - side * terms.margin) / (1.0 - side * terms.maintenance_margin)


@compiled
def leave(
    terms: Terms, bars: Bars, account: Account, table: Table, row: int, bar: int, raw: float, reason: int
) -> None:
    """Close a trade at a raw price, which slippage and fee make worse; a liquidation takes the whole margin instead."""
    money, marks = account.money, account.marks
    side, size, entry = table.side[row], table.size[row], table.entry_price[row]
    if reason == LIQUIDATION:
        price, fee = entry * (1.0 - side * terms.margin), 0.0
    else:
        price = raw * (1.0 - side * slip(terms, bars.timestamp[bar], 1))
        fee = size * price * terms.fee_pct
    gain = side * size * (price - entry)
    pnl = gain - fee - table.fees[row] - table.funding[row]
    table.exit_bar[row], table.exit_price[row], table.reason[row], table.pnl[row] = bar, price, reason, pnl
    table.fees[row] += fee
    money[WALLET] += gain - fee
    money[REALISED] += pnl
    marks[EXITED] += 1
    money[LOCKED] = 0.0 if marks[EXITED] == marks[TRADES] else money[LOCKED] - size * entry * terms.margin
    marks[LAST_FILL] = bar
    if pnl < 0.0:
        remember_loss(terms, account, bar)
    money[REALISED_HIGH] = max(money[REALISED_HIGH], money[REALISED])
    if terms.kill_switch_limit < 1.0 and money[REALISED] <= money[REALISED_HIGH] * (
        1.0 - terms.kill_switch_limit
    ):
        marks[KILLED] = 1


@compiled
def remember_loss(terms: Terms, account: Account, bar: int) -> None:
    """Count a losing exit, and block entries where there were too many within a window."""
    marks, losing = account.marks, account.losing
    losing[marks[LOSSES]] = bar
    marks[LOSSES] += 1
    for limit, window in (
        (terms.short_loss_limit, terms.short_window_bars),
        (terms.long_loss_limit, terms.long_window_bars),
    ):
        first = losing[marks[LOSSES] - limit] if marks[LOSSES] >= limit else NONE_YET
        if bar - first < window:
            marks[LOSS_UNTIL] = max(marks[LOSS_UNTIL], bar + window)
