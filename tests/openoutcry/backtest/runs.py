"""Short ways to a series, a configuration and a run."""

from functools import cache
from pathlib import Path

import numpy as np
import yaml

from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.plan import Plan
from openoutcry.market.candles import Candles
from openoutcry.strategy.defaults import TradingDefaults, parse
from openoutcry.strategy.execution import Costs, ExecutionConfig

HOUR = 3_600_000
START = 1_672_531_200_000
"""Sunday 2023-01-01 00:00 UTC."""
FREE = Costs(fee_pct=0.0, slippage_pct=0.0)
OPEN_FIELD = {
    "min_balance_threshold": 0, "min_trade_amount": 0, "max_trades_per_day": 100_000, "cooldown_bars": 0,
    "cooldown_config": {
        "1h": {"short_loss_limit": 10_000, "long_loss_limit": 10_000, "short_window_bars": 1, "long_window_bars": 1}
    },
    "max_hold_bars": 10_000_000, "exit_on_loss_after_bars": 10_000_000, "exit_on_profit_after_bars": 10_000_000,
    "max_drawdown_limit": 1.0, "kill_switch_limit": 1.0, "max_open_positions": 1, "max_units_per_trade": 1e15,
    "max_trade_amount": 1e15, "atr_short_weight": 1.0, "atr_long_weight": 0.0,
}  # fmt: skip
"""Nothing limits and nothing times out; the stop is plain ATR × 2."""


@cache
def defaults() -> TradingDefaults:
    """The shipped trading defaults."""
    path = Path(__file__).parents[3] / "config" / "trading_defaults.yaml"
    return parse(yaml.safe_load(path.read_text()))


def config(**changes: object) -> ExecutionConfig:
    """A configuration in which only what is named limits."""
    return defaults().execution({**OPEN_FIELD, **changes})


def flat(count: int = 40, price: float = 100.0, spread: float = 1.0, **bars: dict[int, float]) -> Candles:
    """Hourly bars at one price, ``spread`` from high to low; ``high={5: 120}`` and the like change single values."""
    columns = {
        "open": np.full(count, price), "high": np.full(count, price + spread / 2),
        "low": np.full(count, price - spread / 2), "close": np.full(count, price), "volume": np.ones(count),
    }  # fmt: skip
    for name, values in bars.items():
        for bar, value in values.items():
            columns[name][bar] = value
    columns["high"] = np.max([columns["high"], columns["open"], columns["close"]], axis=0)
    columns["low"] = np.min([columns["low"], columns["open"], columns["close"]], axis=0)
    return Candles.of(START + HOUR * np.arange(count), **columns)


def wanting(count: int, entries: tuple[int, ...], exits: tuple[int, ...] = (), **more: object) -> Plan:
    """A plan that asks at these bars."""
    entry, leave = np.zeros(count, bool), np.zeros(count, bool)
    entry[list(entries)], leave[list(exits)] = True, True
    return Plan.of({"entries": entry, "exits": leave, **more}, count)


def run(candles: Candles, plan: object, **more: object) -> Outcome:
    """A run on hourly bars, free of costs unless told otherwise."""
    from openoutcry.backtest.run import backtest

    told = {"timeframe": "1h", "costs": FREE, "config": config(), **more}
    return backtest(plan, candles, **told)
