"""The short way for what is swept most: windows of crossings, everything else being equal.

One compiled call for each combination, with memory that is used again and again; the same bits as ``backtest``.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.kernel.bars import Flags, Floats, Ints, sealed
from openoutcry.backtest.kernel.state import Records, Wanted, new_book
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.search.events import CROSSINGS, Shared, upto
from openoutcry.backtest.search.kernel.crossed import Crossing, run_crossed
from openoutcry.backtest.search.kernel.worth import worth_at
from openoutcry.backtest.search.space import Combination, Space
from openoutcry.backtest.search.varying import RULE
from openoutcry.backtest.series import Series
from openoutcry.backtest.terms import terms_of
from openoutcry.signals.registry import REGISTRY
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.rules import Rule, RuleStrategy

NO_FLAGS: Flags = np.empty(0, np.uint8)
NO_LINE: Floats = sealed(np.empty(0))
NATURAL: Ints = np.empty(0, np.int64)
NEVER = Crossing(NO_LINE, NO_LINE, True, 0, NO_FLAGS)


class Varied(NamedTuple):
    """A crossing rule whose windows are dimensions (by name) or fixed (by value)."""

    rule: Rule
    fast: str | int
    slow: str | int
    others: tuple[Rule, ...]


class Ran(NamedTuple):
    """What a run left: its trades and the account at each of the bars asked for. Good until the next run."""

    trades: Records
    worth: Floats


class Crossed:
    """Runs combinations of a strategy whose varied parameters are all windows of crossings. For one thread."""

    def __init__(
        self, strategy: RuleStrategy, varied: Mapping[str, Varied], shared: Shared, costs: Costs, fills: FillModel, seed: int,
        perpetual: Perpetual | None,
    ) -> None:  # fmt: skip
        self._shared, self._varied = shared, varied
        self._terms = terms_of(strategy.execution_config, costs, fills, perpetual, shared.series, seed)
        own = shared.wanted(strategy)
        count = len(shared.series)
        self._entry = np.empty(count, np.uint8) if "entry" in varied else own.entry.copy()
        self._exit = np.empty(count, np.uint8) if "exit" in varied else own.exit.copy()
        self._rest, self._spare = Wanted._make(sealed(column) for column in own), np.empty(count, np.uint8)
        self._also = {
            part: (shared.all_of(one.others) if one.others else NO_FLAGS).copy()
            for part, one in varied.items()
        }
        self._tied = _tied(varied)
        self._fresh = new_book(self._terms, 0).account
        self._book = new_book(self._terms, count + 1)

    @classmethod
    def of(
        cls, strategy: RuleStrategy, space: Space, shared: Shared, costs: Costs, fills: FillModel, seed: int,
        perpetual: Perpetual | None,
    ) -> "Crossed | None":  # fmt: skip
        """For this strategy and space, where no funding is paid; None where it takes the long way."""
        single = strategy.execution_config.max_open_positions == 1 and fills.entry == "next_open"
        found = _varied(strategy, space, shared.series.timeframe)
        if not single or found is None:
            return None
        return cls(strategy, found, shared, costs, fills, seed, perpetual)

    def run(self, values: Combination, series: Series, start: int, days: Ints) -> Ran:
        """One combination from bar ``start`` to the end of ``series``, which begins where the shared one does."""
        stop = len(series)
        entered = self._crossing("entry", values, stop) if "entry" in self._varied else NEVER
        if self._tied:
            left = entered._replace(up=not entered.up, also=self._also["exit"][:stop])
        else:
            left = self._crossing("exit", values, stop) if "exit" in self._varied else NEVER
        rest = upto(self._rest, stop)
        wanted = Wanted(self._entry[:stop], self._exit[:stop], *rest[2:])
        worth, spare = np.empty(len(days)), self._spare[:stop]
        book = self._book
        count = run_crossed(
            self._terms,
            series.bars,
            wanted,
            book,
            self._fresh,
            entered,
            left,
            self._tied,
            spare,
            start,
            days,
            NATURAL,
            worth,
        )
        return Ran(book.trades[:count], worth)

    def worth(self, trades: Records, series: Series, bars: Ints) -> Floats:
        """The account at other bars of the last run."""
        made, terms = np.empty(len(bars)), self._terms
        worth_at(trades, NATURAL, series.bars.close, bars, terms.initial_balance, terms.fee_pct, made)
        return made

    def _crossing(self, part: str, values: Combination, stop: int) -> Crossing:
        one = self._varied[part]
        fast, slow = (
            values[window] if isinstance(window, str) else window for window in (one.fast, one.slow)
        )
        name, way = CROSSINGS[one.rule.name]
        up = way == "up" if way else one.rule.params["direction"] == "bullish"
        blind = max(
            REGISTRY[one.rule.name].needs(**{**one.rule.params, "window_fast": fast, "window_slow": slow})
            - 1,
            0,
        )
        lines = self._shared.average(name, int(fast))[:stop], self._shared.average(name, int(slow))[:stop]
        return Crossing(*lines, up, blind, self._also[part][:stop])


def _up(rule: Rule) -> bool:
    way = CROSSINGS[rule.name][1]
    return way == "up" if way else bool(rule.params["direction"] == "bullish")


def _tied(varied: Mapping[str, Varied]) -> bool:
    """Whether what enters and what leaves are always the two ways of one crossing."""
    if len(varied) < 2:
        return False
    one, other = varied["entry"], varied["exit"]
    same = CROSSINGS[one.rule.name][0] == CROSSINGS[other.rule.name][0] and one[1:3] == other[1:3]
    return same and _up(one.rule) != _up(other.rule)


def _varied(strategy: RuleStrategy, space: Space, timeframe: str) -> dict[str, Varied] | None:
    """The varied rules by part; None when something else is varied too."""
    windows: dict[tuple[str, int], dict[str, str]] = {}
    for one in space.dimensions:
        for path in one.paths:
            found = RULE.fullmatch(path)
            if found is None or found[4] not in ("window_fast", "window_slow"):
                return None
            windows.setdefault((found[1], int(found[2])), {})[found[4]] = one.name
    made: dict[str, Varied] = {}
    for (part, place), names in windows.items():
        rules: tuple[Rule, ...] = getattr(strategy, part)
        rule = rules[place]
        if part in made or rule.name not in CROSSINGS or rule.timeframe != timeframe:
            return None
        own: dict[str, Any] = {**rule.params, **names}
        others = tuple(other for at, other in enumerate(rules) if at != place)
        made[part] = Varied(rule, own["window_fast"], own["window_slow"], others)
    return made
