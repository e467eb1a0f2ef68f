"""What happens when an order is given, refused or filled. Used by every loop, so that they cannot differ."""

import numpy as np

from openoutcry.backtest.kernel.bars import Bars, Ints
from openoutcry.backtest.kernel.compiled import part
from openoutcry.backtest.kernel.state import NONE_YET, Account, Ask, Book, Trade, Wanted
from openoutcry.backtest.reasons import Denied, Exit
from openoutcry.backtest.terms import ATR_STOP, BY_RISK, FIXED_STOP, NEVER, Terms

DAY_MS = 86_400_000
ROUNDING = 1e-9
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


@part
def slip(terms: Terms, time: int, leg: int) -> float:
    """How much worse a fill is, a fraction: drawn from the seed, the bar's time and the leg (0 entry, 1 exit) by
    splitmix64, so that one trade more or less does not change the draws of the others."""
    if not terms.uniform:
        return terms.slippage_pct
    z = np.uint64(terms.seed) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(2 * time + leg)
    for _ in range(2):
        z += np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return float(z >> np.uint64(11)) * (1.0 / 9007199254740992.0) * terms.slippage_pct


@part
def free_cash(account: Account) -> float:
    """What is not set aside; what only rounding leaves is nothing."""
    free = account.wallet - account.locked
    return 0.0 if abs(free) <= ROUNDING * account.wallet else free


@part
def gate(terms: Terms, account: Account, bar: int, time: int) -> int:
    """The first reason not to enter at a bar, as far as it does not depend on the price; ALLOWED when there is none."""
    if account.killed:
        return KILL_SWITCH
    if bar < account.drawdown_until:
        return MAX_DRAWDOWN
    if account.open >= terms.max_open_positions:
        return MAX_POSITIONS
    if account.today >= terms.max_trades_per_day and account.day == time // DAY_MS:
        return DAILY_LIMIT
    if bar - account.last_fill < terms.cooldown_bars:
        return COOLDOWN
    if bar < account.loss_until:
        return LOSS_COOLDOWN
    if free_cash(account) < terms.min_balance:
        return MIN_BALANCE
    return ALLOWED


@part
def asked(terms: Terms, bars: Bars, wanted: Wanted, signal: int, bar: int, price: float) -> Ask:
    """The entry that bar ``signal`` asks for, to fill at ``bar`` and a price before slippage."""
    return Ask(
        bar,
        bars.timestamp[bar] if terms.timed else 0,
        price,
        wanted.side[signal] if len(wanted.side) > 1 else wanted.side[0],
        wanted.stop[signal] if len(wanted.stop) else np.nan,
        wanted.target[signal] if len(wanted.target) else np.nan,
        wanted.atr[signal] if len(wanted.atr) else np.nan,
        wanted.factor[signal] if len(wanted.factor) else 1.0,
    )


@part
def stop_price(terms: Terms, ask: Ask, price: float) -> float:
    """Where the stop of an entry lies: the strategy's own, else by the configuration. NaN without one."""
    if not np.isnan(ask.stop):
        return ask.stop
    if terms.stop_mode == ATR_STOP:
        return price - ask.side * (ask.atr * terms.atr_volatility_factor)
    return price - ask.side * (price * terms.stop_loss_pct) if terms.stop_mode == FIXED_STOP else np.nan


@part
def units(terms: Terms, ask: Ask, free: float, worth: float, price: float, distance: float) -> float:
    """Size of an entry in base units: by risk or all in, times the volatility's factor, within every limit."""
    affordable = free / (price * (terms.margin + terms.fee_pct))
    size = worth * terms.max_risk_per_trade / distance if terms.size_mode == BY_RISK else affordable
    size = min(min(size * ask.factor, affordable), terms.max_units_per_trade)
    return size if size * price <= terms.max_trade_amount else terms.max_trade_amount / price


@part
def enter(terms: Terms, account: Account, trade: Trade, ask: Ask, worth: float) -> int:
    """Fill an entry that passed the gate into ``trade``, the account being worth ``worth``. ALLOWED, or why not after all."""
    side = ask.side
    price = ask.price * (1.0 + side * slip(terms, ask.time, 0))
    stop = stop_price(terms, ask, price)
    if terms.stop_mode == ATR_STOP and np.isnan(stop):
        return NO_ATR
    distance = side * (price - stop)
    target = price + side * (terms.reward_factor * distance) if np.isnan(ask.target) else ask.target
    if distance <= 0.0 or side * (target - price) <= 0.0:
        return BAD_LEVELS
    size = units(terms, ask, free_cash(account), worth, price, distance)
    if size <= 0.0 or size * price < terms.min_trade_amount:
        return MIN_TRADE_AMOUNT
    trade.entry_bar, trade.side, trade.size, trade.entry_price = ask.bar, side, size, price
    trade.stop, trade.target, trade.liquidation = stop, target, np.nan
    if terms.perpetual:
        trade.liquidation = price * (1.0 - side * terms.margin) / (1.0 - side * terms.maintenance_margin)
    trade.fees, trade.funding = size * price * terms.fee_pct, 0.0
    account.wallet -= trade.fees
    account.locked += size * price * terms.margin
    account.trades += 1
    account.open += 1
    account.last_fill = ask.bar
    if terms.max_trades_per_day < NEVER:
        today = ask.time // DAY_MS
        account.today = account.today + 1 if account.day == today else 1
        account.day = today
    return ALLOWED


@part
def leave(terms: Terms, bars: Bars, book: Book, trade: Trade, bar: int, raw: float, reason: int) -> None:
    """Close a trade at a raw price, which slippage and fee make worse; a liquidation takes the whole margin instead."""
    account, side, size, entry = book.account[0], trade.side, trade.size, trade.entry_price
    if reason == LIQUIDATION:
        price, fee = entry * (1.0 - side * terms.margin), 0.0
    else:
        price = raw * (1.0 - side * slip(terms, bars.timestamp[bar] if terms.uniform else 0, 1))
        fee = size * price * terms.fee_pct
    gain = side * size * (price - entry)
    pnl = gain - fee - trade.fees - trade.funding
    trade.exit_bar, trade.exit_price, trade.reason, trade.pnl = bar, price, reason, pnl
    trade.fees += fee
    account.wallet += gain - fee
    account.open -= 1
    account.locked = account.locked - size * entry * terms.margin if account.open else 0.0
    account.last_fill = bar
    account.realised += pnl
    account.realised_high = max(account.realised_high, account.realised)
    if (
        account.realised <= account.realised_high * (1.0 - terms.kill_switch_limit)
        and terms.kill_switch_limit < 1.0
    ):
        account.killed = 1
    if pnl < 0.0:
        losing = book.losing
        losing[account.losses] = bar
        account.losses += 1
        pause(account, losing, bar, terms.short_loss_limit, terms.short_window_bars)
        pause(account, losing, bar, terms.long_loss_limit, terms.long_window_bars)


@part
def pause(account: Account, losing: Ints, bar: int, limit: int, window: int) -> None:
    """Bar entries for a window of bars when the last losses, up to the limit, all lie within one."""
    first = losing[account.losses - limit] if account.losses >= limit else NONE_YET
    if bar - first < window:
        account.loss_until = max(account.loss_until, bar + window)
