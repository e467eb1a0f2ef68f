"""What many strategies want on the same bars: every indicator, crossing, rule and ATR is worked out once."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from openoutcry.backtest.holding import Holding
from openoutcry.backtest.kernel.bars import Flags
from openoutcry.backtest.kernel.state import Wanted
from openoutcry.backtest.plan import nothing
from openoutcry.backtest.ranges import size_factor, stop_atr
from openoutcry.backtest.search.kernel.crossing import crossings
from openoutcry.backtest.series import Series
from openoutcry.indicators import averages
from openoutcry.indicators.line import Array
from openoutcry.indicators.sharing import Memo, sharing
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.execution import ExecutionConfig
from openoutcry.strategy.masks import fits
from openoutcry.strategy.rules import Rule, RuleStrategy

AVERAGES: Mapping[str, Callable[[Array, int], Array]] = {
    "sma": lambda close, window: np.asarray(averages.sma(close, window)),
    "ema": lambda close, window: np.asarray(averages.ema(close, window, from_first=True)),
    "dema": lambda close, window: np.asarray(averages.dema(close, window, from_first=True)),
    "tema": lambda close, window: np.asarray(averages.tema(close, window, from_first=True)),
}
CROSSINGS = {
    **{f"{name}_cross_{way}": (name, way) for name in AVERAGES for way in ("up", "down")},
    "sma_crossover": ("sma", None),
    "ema_crossover": ("ema", None),
}
"""Signals that are two averages crossing: a sweep has each average once, and both ways out of one compiled pass."""
NO_FLAGS: Flags = np.empty(0, np.uint8)


class Shared:
    """What strategies want on one series, the same bits as alone. For one thread.

    Up to ``most_bytes`` of indicators are remembered, and an eighth of that of what was made of them.
    """

    def __init__(self, series: Series, most_bytes: int) -> None:
        self.series = series
        self._lines = Memo(most_bytes)
        self._made = Memo(most_bytes // 8)
        self._holding = Holding(series)

    @property
    def computed(self) -> int:
        """Indicator lines, crossings, rules and ATRs that were worked out so far."""
        return self._lines.computed + self._made.computed

    def wanted(self, strategy: RuleStrategy) -> Wanted:
        """Not to be written to. Raises BadInput naming the rule whose bars cannot be made of these."""
        fits(strategy, self.series.timeframe)
        config = strategy.execution_config
        with sharing(self._lines):
            return Wanted(
                entry=self._all(strategy.entry),
                exit=self._all(strategy.exit) if strategy.exit else NO_FLAGS,
                side=np.array([1 if strategy.side == "long" else -1], np.int8),
                stop=nothing(),
                target=nothing(),
                atr=self._atr(config) if config.stop_loss_calculation == "dynamic_atr" else nothing(),
                factor=self._factor(config) if config.enable_volatility_adjustment else nothing(),
            )

    def average(self, name: str, window: int) -> Array:
        """A moving average of the close, of those in AVERAGES."""
        with sharing(self._lines):
            return AVERAGES[name](self.series.candles.close, window)

    def all_of(self, rules: tuple[Rule, ...]) -> Flags:
        """1 at the bars at whose close all of at least one rule hold."""
        with sharing(self._lines):
            return self._all(rules)

    def _all(self, rules: tuple[Rule, ...]) -> Flags:
        found = self._one(rules[0])
        for rule in rules[1:]:
            found = found & self._one(rule)
        return found

    def _one(self, rule: Rule) -> Flags:
        if rule.name in CROSSINGS and rule.timeframe == self.series.timeframe:
            return self._crossing(rule)
        key = (rule.name, rule.timeframe, rule.signal_type, *sorted(rule.params.items()))
        flags: Flags = self._made.get("rule", lambda *_: self._alone(rule), key, {})
        return flags

    def _alone(self, rule: Rule) -> Flags:
        flags = self._holding.one(rule)
        self._holding.forget()
        return flags

    def _crossing(self, rule: Rule) -> Flags:
        name, way = CROSSINGS[rule.name]
        params: Mapping[str, Any] = rule.params
        blind = max(REGISTRY[rule.name].needs(**params) - 1, 0)
        key = name, params["window_fast"], params["window_slow"], blind
        up, down = self._made.get("crossings", self._crossings, key, {})
        way = way or ("up" if params["direction"] == "bullish" else "down")
        flags: Flags = up if way == "up" else down
        return flags

    def _crossings(self, name: str, fast: int, slow: int, blind: int) -> tuple[Flags, Flags]:
        close, average = self.series.candles.close, AVERAGES[name]
        up, down = np.empty(len(close), np.uint8), np.empty(len(close), np.uint8)
        crossings(average(close, fast), average(close, slow), up, down)
        up[:blind] = down[:blind] = 0
        return up, down

    def _atr(self, config: ExecutionConfig) -> Array:
        key = config.atr_period, config.atr_short_weight, config.atr_long_weight, config.atr_cap_multiplier
        made: Array = self._made.get("stop_atr", lambda *_: stop_atr(self.series, None, config), key, {})
        return made

    def _factor(self, config: ExecutionConfig) -> Array:
        key = config.volatility_window, config.target_volatility, config.volatility_mode
        made: Array = self._made.get("size_factor", lambda *_: size_factor(self.series, config), key, {})
        return made


def upto(wanted: Wanted, stop: int) -> Wanted:
    """The same on the bars before ``stop`` alone: nothing in it depends on what comes after."""
    return wanted._replace(
        entry=wanted.entry[:stop], exit=wanted.exit[:stop], atr=wanted.atr[:stop], factor=wanted.factor[:stop]
    )
