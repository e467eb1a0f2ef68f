"""Running combinations over spans of one series, and what is kept of each run."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.metrics import measure
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.run import backtest
from openoutcry.backtest.search.crossed import Crossed
from openoutcry.backtest.search.events import Shared, upto
from openoutcry.backtest.search.measuring import light, profits, worth
from openoutcry.backtest.search.objective import Objective
from openoutcry.backtest.search.periods import DAY_MS, Periods
from openoutcry.backtest.search.space import Combination, Space
from openoutcry.backtest.search.trial import Floats, Trial
from openoutcry.backtest.search.varying import Variants
from openoutcry.backtest.series import Series
from openoutcry.backtest.splits import Span
from openoutcry.errors import BadInput
from openoutcry.market.candles import FundingRates
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.rules import RuleStrategy

CONTRADICTION = "contradicts itself: "
MEMO_BYTES = 176 * 2**20
"""Indicators kept per process: 23 lines of a million bars."""


Measured = tuple[dict[str, Any], Floats]
"""Figures, and returns per period."""


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """What is searched: a strategy (as ``mapping_of`` writes it), the market it runs on, and how it is executed and judged."""

    base: Mapping[str, Any]
    defaults: TradingDefaults
    space: Space
    series: Series
    costs: Costs
    fills: FillModel
    perpetual: Perpetual | None
    funding: FundingRates | None
    seed: int
    objective: Objective
    period_ms: int


class Evaluator:
    """Runs combinations of a subject. Holds what they share; for one thread."""

    def __init__(self, subject: Subject) -> None:
        self.subject = subject
        self._shared = Shared(subject.series, MEMO_BYTES)
        self._variants = Variants(subject.base, subject.space, subject.defaults)
        self._crossed = None if subject.objective.by_bar else self._short_way()
        self._spans: dict[Span, tuple[Series, Periods, Periods]] = {}

    def _short_way(self) -> Crossed | None:
        subject = self.subject
        if subject.funding is not None:
            return None
        terms = subject.costs, subject.fills, subject.seed, subject.perpetual
        return Crossed.of(self._variants.strategy, subject.space, self._shared, *terms)

    def trial(self, number: int, values: Combination, spans: Sequence[Span]) -> Trial:
        """Run a combination over each span on its own, flat in between. Rows before a span only warm indicators up.

        Over several spans figures are their means by length, trades their sum. A combination that contradicts itself has
        no figures.
        """
        if self._crossed is not None:
            return self._judged(
                number, values, spans, [self._short(self._crossed, values, span) for span in spans]
            )
        try:
            strategy = self.strategy(values)
        except BadInput as error:
            return Trial(number, values, None, f"{CONTRADICTION}{error}", {}, np.empty(0))
        return self._judged(
            number, values, spans, [self._long(self.outcome(strategy, span), span) for span in spans]
        )

    def test(self, number: int, values: Combination, spans: Sequence[Span]) -> tuple[Trial, Floats]:
        """As ``trial``, of a combination that ran before, with the profit or loss of every trade."""
        strategy = self.strategy(values)
        outcomes = [self.outcome(strategy, span) for span in spans]
        pnl = np.concatenate([outcome.trades.pnl for outcome in outcomes])
        runs = [self._long(outcome, span) for outcome, span in zip(outcomes, spans, strict=True)]
        return self._judged(number, values, spans, runs), pnl

    def periods(self, span: Span) -> Periods:
        """The periods of a span."""
        return self._span(span)[2]

    @property
    def computed(self) -> int:
        """Indicator lines, crossings, rules and ATRs that were worked out so far."""
        return self._shared.computed

    @property
    def balance(self) -> float:
        """What every run begins with."""
        return float(self.subject.base["execution_config"]["initial_balance"])

    def _judged(
        self, number: int, values: Combination, spans: Sequence[Span], runs: Sequence[Measured]
    ) -> Trial:
        told = runs[0][0] if len(runs) == 1 else _together([told for told, _ in runs], spans)
        score, reason = self.subject.objective.judge(told)
        returns = runs[0][1] if len(runs) == 1 else np.concatenate([returns for _, returns in runs])
        return Trial(number, dict(values), score, reason, told, returns)

    def strategy(self, values: Combination) -> RuleStrategy:
        """The strategy of a combination. Raises BadInput when it contradicts itself."""
        return self._variants.of(values)

    def outcome(self, strategy: RuleStrategy, span: Span) -> Outcome:
        """One run, over the rows of ``span``."""
        subject, series = self.subject, self._span(span)[0]
        return backtest(
            strategy,
            series,
            timeframe=series.timeframe,
            costs=subject.costs,
            fills=subject.fills,
            seed=subject.seed,
            funding=subject.funding,
            perpetual=subject.perpetual,
            start=span.start,
            wanted=upto(self._shared.wanted(strategy), span.stop),
        )

    def _long(self, outcome: Outcome, span: Span) -> Measured:
        objective = self.subject.objective
        _, days, periods = self._span(span)
        by_day = worth(outcome, days)
        by_period = by_day if periods is days else worth(outcome, periods)
        returns = periods.returns(by_period, outcome.initial_balance)
        if objective.by_bar:
            return measure(outcome).to_dict(), returns
        return light(objective, outcome.initial_balance, days, by_day, profits(outcome)), returns

    def _short(self, crossed: Crossed, values: Combination, span: Span) -> Measured:
        series, days, periods = self._span(span)
        trades, by_day = crossed.run(values, series, span.start, days.bars)
        by_period = by_day if periods is days else crossed.worth(trades, series, periods.bars)
        pnl = np.ascontiguousarray(trades["pnl"])
        told = light(self.subject.objective, self.balance, days, by_day, pnl)
        return told, periods.returns(by_period, self.balance)

    def _span(self, span: Span) -> tuple[Series, Periods, Periods]:
        if span not in self._spans:
            whole, period_ms = self.subject.series, self.subject.period_ms
            series = Series(whole.candles[: span.stop], whole.timeframe, whole.regular)
            days = Periods.of(series, span.start, DAY_MS)
            periods = days if period_ms == DAY_MS else Periods.of(series, span.start, period_ms)
            self._spans[span] = series, days, periods
        return self._spans[span]


def _together(told: Sequence[Mapping[str, Any]], spans: Sequence[Span]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name in told[0]:
        known = [
            (one[name], span.rows) for one, span in zip(told, spans, strict=True) if one[name] is not None
        ]
        rows = sum(count for _, count in known)
        made[name] = sum(value * count for value, count in known) / rows if rows else None
    made["total_trades"] = sum(one["total_trades"] for one in told)
    return made
