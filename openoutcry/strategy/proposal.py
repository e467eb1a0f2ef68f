"""What a strategy would do at the last closed bar: the order, its stop and target, and how much.

    ATR     min(short weight × ATR of the bars + long weight × ATR of days, cap × ATR of the bars), Wilder's
    stop    entry ∓ ATR × atr_volatility_factor, or ∓ stop_loss_pct of the entry; long below, short above
    target  entry ± reward_factor × the distance of the stop
    size    account × max_risk_per_trade / distance of the stop, or what the free cash buys; cut at the caps and at the cash

The rules of ``docs/strategies.md`` that need a history of trades (cooldowns, daily limits) are the floor's and the
backtest's to apply, not this moment's.
"""

from typing import NamedTuple

from openoutcry.indicators.volatility import atr
from openoutcry.market.candles import Candles
from openoutcry.strategy.rules import RuleStrategy


class Account(NamedTuple):
    """What there is to trade with, in the quote currency, and what is open."""

    value: float
    cash: float
    open_positions: int


class Proposal(NamedTuple):
    """An entry at ``price``. Levels are None for a strategy without a stop."""

    price: float
    size: float
    stop: float | None
    target: float | None


class Declined(NamedTuple):
    """No entry, and the rule that stands in the way."""

    rule: str
    message: str


def propose(strategy: RuleStrategy, bars: Candles, days: Candles, account: Account) -> Proposal | Declined:
    """The entry that the configuration makes of a signal at the last of ``bars``; ``days`` are the closed daily ones."""
    config, price = strategy.execution_config, float(bars.close[-1])
    if account.open_positions >= config.max_open_positions:
        return Declined("max_open_positions", f"{account.open_positions} positions are open")
    if account.cash < config.min_balance_threshold * config.initial_balance:
        return Declined("min_balance_threshold", f"cash {account.cash:.2f} is below the threshold")
    distance = _distance(strategy, bars, days, price)
    if distance is not None and not 0 < distance < price:
        return Declined("stop_loss_calculation", "the distance of the stop is not known from the stored bars")
    size = _size(strategy, account, price, distance)
    if size * price < config.min_trade_amount:
        return Declined("min_trade_amount", f"a position of {size * price:.2f} is too small")
    if distance is None:
        return Proposal(price, size, None, None)
    sign = 1 if strategy.side == "long" else -1
    target = price + sign * strategy.reward_factor * distance
    return Proposal(price, size, price - sign * distance, target if target > 0 else None)


def _distance(strategy: RuleStrategy, bars: Candles, days: Candles, price: float) -> float | None:
    config = strategy.execution_config
    if config.stop_loss_calculation == "none":
        return None
    if config.stop_loss_calculation == "fixed":
        return price * config.stop_loss_pct
    own = _atr(bars, config.atr_period)
    blend = config.atr_short_weight * own
    if config.atr_long_weight > 0:
        blend += config.atr_long_weight * (
            own if strategy.timeframe == "1d" else _atr(days, config.atr_period)
        )
    return min(blend, config.atr_cap_multiplier * own) * config.atr_volatility_factor


def _atr(candles: Candles, period: int) -> float:
    """The last value; NaN where there are too few bars."""
    if len(candles) <= period:
        return float("nan")
    return float(atr.fn(candles.high, candles.low, candles.close, period)[-1])


def _size(strategy: RuleStrategy, account: Account, price: float, distance: float | None) -> float:
    config = strategy.execution_config
    size = account.cash / price
    if config.position_size_calc == "v2" and distance is not None:
        size = min(size, account.value * config.max_risk_per_trade / distance)
    return max(0.0, min(size, config.max_units_per_trade, config.max_trade_amount / price))
