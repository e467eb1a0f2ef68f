"""What is measured: a seeded market of one-minute bars, and two strategies on it."""

from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Candles
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.rules import RuleStrategy, parse_strategy

START_MS = 1_672_531_200_000
FEE = 0.001
CAPITAL = 10_000.0
COSTS = Costs(fee_pct=FEE, slippage_pct=0.0)
OPEN = {
    "min_balance_threshold": 0, "min_trade_amount": 0, "max_trades_per_day": 1_000, "cooldown_bars": 1,
    "cooldown_config": {
        "1m": {"short_loss_limit": 10_000, "long_loss_limit": 10_000, "short_window_bars": 1, "long_window_bars": 1}
    },
    "max_hold_bars": 100_000, "exit_on_loss_after_bars": 100_000, "exit_on_profit_after_bars": 100_000,
    "max_drawdown_limit": 1.0, "kill_switch_limit": 1.0, "max_open_positions": 1, "max_units_per_trade": 1e15,
    "max_trade_amount": 1e15, "atr_short_weight": 1.0, "atr_long_weight": 0.0, "position_size_calc": "all_in",
}  # fmt: skip
"""Every gate and limit is there and none is so tight that it binds, so that a plain loop without any does the same."""
TIGHT = {"max_drawdown_limit": 0.2, "kill_switch_limit": 0.9, "cooldown_bars": 24, "position_size_calc": "v2"}
"""Limits that bind: the drawdown breaker looks at every bar of a position."""


@dataclass(frozen=True, slots=True)
class Workload:
    """A strategy, and what the plain loop is called."""

    key: str
    title: str
    strategy: RuleStrategy
    plain: str
    numbers: tuple[float, ...]


def market(bars: int, seed: int = 11, *, calm: bool = False) -> Candles:
    """Noise, and every few hours a leap, a plateau, a slide that stays above the leap's average, and a way on or back: what
    an RSI below 30 above the average takes, which a plain random walk hardly ever has.

    A ``calm`` one has fewer of those, and swings that averages can follow: fees do not eat the account up.
    """
    rng = np.random.default_rng(seed)
    step = rng.normal(0, 0.0001, bars)
    apart = (1_200, 2_400) if calm else (120, 240)
    begins = np.cumsum(rng.integers(*apart, bars // apart[0]))
    begins = begins[begins < bars - 120]
    leap, way = 0.02 * rng.uniform(0.5, 1.5, len(begins)), rng.choice([-0.0005, 0.0005], len(begins))
    step[begins] += leap
    for k in range(10):
        step[begins + 22 + k] -= 0.04 * leap
    for k in range(20):
        step[begins + 32 + k] += way
    step[begins + 70] -= 0.6 * leap + 20 * way
    if calm:
        step += 0.00006 * np.sin(np.arange(bars) * (2 * np.pi / 480))
    close = 100 * np.exp(np.cumsum(step))
    opened = np.concatenate(([100.0], close[:-1])) * np.exp(rng.normal(0, 0.00001, bars))
    high = np.maximum(opened, close) * np.exp(np.abs(rng.normal(0, 0.00005, bars)))
    low = np.minimum(opened, close) * np.exp(-np.abs(rng.normal(0, 0.00005, bars)))
    return Candles.of(
        START_MS + 60_000 * np.arange(bars), opened, high, low, close, rng.exponential(10, bars) + 1
    )


def workloads(defaults: TradingDefaults) -> tuple[Workload, Workload]:
    """(a) and (b)."""
    cross = {"window_fast": 20, "window_slow": 50}
    a = _strategy(
        defaults, "sma_cross", [("sma_cross_up", "TRIGGER", cross)], [("sma_cross_down", "TRIGGER", cross)],
        {**OPEN, "stop_loss_calculation": "none"},
    )  # fmt: skip
    entry = [
        ("rsi_oversold", "TRIGGER", {"window": 14, "threshold": 30}),
        ("is_above_sma", "FILTER", {"window": 50}),
    ]
    b = _strategy(defaults, "rsi_reversion", entry, [], OPEN)
    return (
        Workload("a", "SMA 20/50 cross, long only, all in", a, "sma_cross", (20, 50)),
        Workload(
            "b",
            "RSI(14) < 30 and close > SMA(50), stop ATR × 2, target 2R",
            b,
            "rsi_reversion",
            (14, 30.0, 50, 14),
        ),
    )


def tight(defaults: TradingDefaults, workload: Workload) -> RuleStrategy:
    """The same rules under limits that bind."""
    given = workload.strategy.execution_config.model_dump() | TIGHT | {"stop_loss_calculation": "dynamic_atr"}
    return workload.strategy.model_copy(update={"execution_config": defaults.execution(given)})


def _strategy(defaults, name, entry, exit, execution) -> RuleStrategy:
    rules = [
        [{"name": n, "signal_type": kind, "timeframe": "1m", "params": params} for n, kind, params in part]
        for part in (entry, exit)
    ]
    return parse_strategy(
        {
            "name": name, "asset": "BTC/USDT", "relaxed": True, "entry": rules[0], "exit": rules[1],
            "execution_config": execution,
        },
        defaults,
    )  # fmt: skip
