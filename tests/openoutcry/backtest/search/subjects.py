"""A strategy to sweep and a market to sweep it on."""

from typing import Any

import numpy as np

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.search.evaluate import Subject
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.space import Space, read_space
from openoutcry.backtest.search.varying import fits, mapping_of
from openoutcry.backtest.series import Series
from openoutcry.market.candles import Candles
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from tests.openoutcry.backtest.runs import OPEN_FIELD, START
from tests.openoutcry.strategy.given import DEFAULTS, rule

HOUR = 3_600_000
DAY = 24 * HOUR
FAST = "entry[0].params.window_fast,exit[0].params.window_fast"
SLOW = "entry[0].params.window_slow,exit[0].params.window_slow"
GRID = {SLOW: "10:30:10", FAST: "2:6:2"}
COSTS = Costs(fee_pct=0.0005, slippage_pct=0.001)


def market(bars: int, seed: int = 3, drift: float = 0.0) -> Candles:
    """Hourly bars of a seeded walk."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(drift, 0.01, bars)))
    opened = np.concatenate(([100.0], close[:-1]))
    reach = np.abs(rng.normal(0, 0.004, (2, bars)))
    high, low = np.maximum(opened, close) * (1 + reach[0]), np.minimum(opened, close) * (1 - reach[1])
    return Candles.of(START + HOUR * np.arange(bars), opened, high, low, close, rng.lognormal(3, 1, bars))


def crossing(**execution: Any) -> RuleStrategy:
    """A plain crossing of averages that nothing limits, with ATR stops."""
    windows = {"window_fast": 4, "window_slow": 20}
    given = {
        "name": "crossing",
        "asset": "BTC",
        "relaxed": True,
        "entry": [rule("sma_cross_up", "TRIGGER", **windows)],
        "exit": [rule("sma_cross_down", "TRIGGER", **windows)],
        "execution_config": {**OPEN_FIELD, **execution},
    }
    return parse_strategy(given, DEFAULTS)


def space(vary: dict[str, Any] | None = None, where: tuple[str, ...] = ()) -> Space:
    return read_space(vary or GRID, where)


def subject(candles: Candles, strategy: RuleStrategy | None = None, **changes: Any) -> Subject:
    """A subject; ``objective`` by name."""
    strategy = strategy or crossing()
    told = {"space": space(), "costs": COSTS, "fills": FillModel(), "seed": 5, "period_ms": DAY, **changes}
    objective = read_objective(told.pop("objective", "sharpe_ratio"), told.pop("min_trades", 0))
    fits(told["space"], strategy)
    return Subject(
        base=mapping_of(strategy),
        defaults=DEFAULTS,
        series=Series.of(candles, "1h"),
        perpetual=None,
        funding=None,
        objective=objective,
        **told,
    )
