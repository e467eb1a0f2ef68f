"""What may be believed of the best of many trials: reported with every sweep, in figures and in words."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from openoutcry.backtest.overfitting import (
    backtest_overfitting,
    deflated_sharpe,
    estimate,
    expected_best_sharpe,
    min_track_record,
    probabilistic_sharpe,
    trials_variance,
)
from openoutcry.backtest.search.trial import Trial

CONFIDENCE = 0.95
GROUPS = ((16, 64), (8, 32))
"""CSCV's groups and the fewest periods that they are used for: four a group."""
FEW_TRADES = 30
LIKELY_OVERFIT = 0.5
PERHAPS_OVERFIT = 0.2


@dataclass(frozen=True, slots=True)
class Verdict:
    """Sharpe ratios are a year's. What cannot be known is None, and a warning says why.

    ``trials`` is the number of different combinations that were tried, whether or not they counted as candidates;
    ``expected_best`` the Sharpe ratio that the best of as many worthless ones would show; ``min_track_days`` the days needed to
    show with 95 % confidence that the Sharpe ratio is above 0; ``pbo`` the probability of backtest overfitting.
    """

    trials: int
    periods: int
    days: float
    sharpe: float | None
    probabilistic_sharpe: float | None
    deflated_sharpe: float | None
    expected_best: float | None
    min_track_days: float | None
    pbo: float | None
    pbo_splits: int
    pbo_logit: float | None
    degradation: float | None
    loss_probability: float | None
    warnings: tuple[str, ...]


def verdict(trials: Sequence[Trial], best: Trial | None, period_days: float) -> Verdict:
    """Of different trials with returns over the same periods of ``period_days`` days, and the best one."""
    periods = len(trials[0].returns) if trials else 0
    year = math.sqrt(365.0 / period_days)
    found = None if best is None else estimate(best.returns)
    known = [one.value if (one := estimate(trial.returns)) else None for trial in trials]
    variance = trials_variance(known)
    expected = expected_best_sharpe(len(trials), variance)
    track = None if found is None else min_track_record(found)
    groups = next((count for count, least in GROUPS if periods >= least), 0)
    cscv = None
    if groups and len(trials) > 1:
        cscv = backtest_overfitting(np.column_stack([trial.returns for trial in trials]), groups)
    made = Verdict(
        trials=len(trials),
        periods=periods,
        days=periods * period_days,
        sharpe=None if found is None else found.value * year,
        probabilistic_sharpe=None if found is None else probabilistic_sharpe(found),
        deflated_sharpe=None if found is None else deflated_sharpe(found, len(trials), variance),
        expected_best=expected * year,
        min_track_days=None if track is None else track * period_days,
        pbo=None if cscv is None else cscv.probability,
        pbo_splits=0 if cscv is None else cscv.splits,
        pbo_logit=None if cscv is None else float(np.median(cscv.logits)),
        degradation=None if cscv is None else cscv.degradation,
        loss_probability=None if cscv is None else cscv.loss,
        warnings=(),
    )
    return made if best is None else _warned(made, best)


def _warned(made: Verdict, best: Trial) -> Verdict:
    from dataclasses import replace

    return replace(made, warnings=tuple(_words(made, best)))


def _words(made: Verdict, best: Trial) -> list[str]:
    said = []
    trades = best.figures["total_trades"] or 0
    if trades < FEW_TRADES:
        said.append(f"the best combination made only {trades} trades: its figures are mostly chance")
    if made.sharpe is None or made.deflated_sharpe is None:
        said.append("the best combination's returns do not vary: there is no Sharpe ratio to deflate")
    elif made.sharpe <= 0:
        said.append("the best combination does not make money: there is no edge to judge")
    elif made.deflated_sharpe < CONFIDENCE:
        said.append(
            f"the best of {made.trials:,} worthless strategies would show a Sharpe ratio of about {made.expected_best:.2f};"
            f" this one shows {made.sharpe:.2f}: its deflated Sharpe ratio is {made.deflated_sharpe:.0%}, 95 % is the usual bar"
        )
    if made.min_track_days is not None and made.min_track_days > made.days:
        said.append(
            f"{made.days:,.0f} days are too few: it takes {made.min_track_days:,.0f} to tell this Sharpe ratio from 0"
            " with 95 % confidence"
        )
    said += _overfit(made)
    return said


def _overfit(made: Verdict) -> list[str]:
    if made.pbo is None:
        if made.trials < 2:
            return ["a single combination: there was nothing to choose, so overfitting cannot be measured"]
        return [f"{made.periods} periods are too few to measure the probability of overfitting; it takes 32"]
    words = f"what was best in one half of the days was below the median in the other half in {made.pbo:.0%} of the ways"
    if made.pbo >= LIKELY_OVERFIT:
        return [f"{words} to halve them: choosing by this sweep is no better than chance"]
    if made.pbo >= PERHAPS_OVERFIT:
        return [f"{words} to halve them: part of the choice is overfitting"]
    return []
