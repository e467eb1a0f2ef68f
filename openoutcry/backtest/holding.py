"""The bars at which rules hold, the frequent signals in one compiled pass, each worked out once however many rules ask.

What comes out is what ``openoutcry.strategy.masks`` says, bit for bit.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from openoutcry.backtest.kernel.averages import sma_crossings, sma_states
from openoutcry.backtest.kernel.bars import Flags
from openoutcry.backtest.kernel.strength import ABOVE, BELOW, CROSS_DOWN, CROSS_UP, rsi_flags
from openoutcry.backtest.series import Series
from openoutcry.strategy.masks import Frames, holds
from openoutcry.strategy.rules import Rule

Params = Mapping[str, Any]
Key = tuple[Any, ...]


class Holding:
    """Rules on one series. Keep one for many strategies and they share the work; ``forget`` when it grows too large."""

    def __init__(self, series: Series) -> None:
        self.series = series
        self._frames = Frames(series.candles, series.timeframe)
        self._made: dict[Key, Flags] = {}

    def all_of(self, rules: tuple[Rule, ...]) -> Flags:
        """1 at the bars at whose close all rules hold; without rules at none. Not to be written to."""
        if not rules:
            return np.zeros(len(self.series), np.uint8)
        found = self.one(rules[0])
        for rule in rules[1:]:
            found = found & self.one(rule)
        return found

    def one(self, rule: Rule) -> Flags:
        """1 at the bars at whose close a rule holds. Not to be written to."""
        key = (rule.name, rule.signal_type, rule.timeframe, *rule.params.items())
        if key not in self._made:
            fast = FAST.get(rule.name) if rule.timeframe == self.series.timeframe else None
            found = fast(self, rule.params) if fast else None
            self._made[key] = holds(rule, self._frames).view(np.uint8) if found is None else found
        return self._made[key]

    def forget(self) -> None:
        """Drop what was worked out."""
        self._made.clear()

    def crossing(self, fast: int, slow: int, up: bool) -> Flags:
        """Crossings of two simple averages; both directions are worked out at once."""
        keys = [("sma", fast, slow, direction) for direction in (True, False)]
        if keys[0] not in self._made:
            ups, downs = (np.zeros(len(self.series), np.uint8) for _ in keys)
            sma_crossings(self.series.bars.close, fast, slow, ups, downs)
            for flags in (ups, downs):
                flags[: slow - 1] = 0
            self._made |= zip(keys, (ups, downs), strict=True)
        return self._made[keys[0] if up else keys[1]]


def _above_sma(holding: Holding, params: Params) -> Flags:
    flags = np.zeros(len(holding.series), np.uint8)
    sma_states(holding.series.bars.close, params["window"], flags)
    return flags


def _rsi(kind: int) -> Callable[[Holding, Params], Flags | None]:
    def flags(holding: Holding, params: Params) -> Flags | None:
        made = np.zeros(len(holding.series), np.uint8)
        sure = rsi_flags(holding.series.bars.close, params["window"], params["threshold"], kind, made)
        return made if sure else None

    return flags


FAST: Mapping[str, Callable[[Holding, Params], Flags | None]] = MappingProxyType(
    {
        "sma_cross_up": lambda holding, p: holding.crossing(p["window_fast"], p["window_slow"], True),
        "sma_cross_down": lambda holding, p: holding.crossing(p["window_fast"], p["window_slow"], False),
        "sma_crossover": lambda holding, p: holding.crossing(
            p["window_fast"], p["window_slow"], p["direction"] == "bullish"
        ),
        "is_above_sma": _above_sma,
        "rsi_oversold": _rsi(BELOW),
        "rsi_overbought": _rsi(ABOVE),
        "rsi_cross_down": _rsi(CROSS_DOWN),
        "rsi_cross_up": _rsi(CROSS_UP),
    }
)
"""Signals that are worked out in one pass on the base bars; None from one says that only the registry can tell."""
