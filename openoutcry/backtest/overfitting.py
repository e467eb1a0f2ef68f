"""How much of a Sharpe ratio is left once luck and the number of tries are taken off.

Sharpe ratios here are per period (not annualised) of simple returns, ddof 1. Sources: Bailey and López de Prado, The Sharpe
Ratio Efficient Frontier (2012) for the probabilistic Sharpe ratio and the minimum track record length, and The Deflated
Sharpe Ratio (2014); Bailey, Borwein, López de Prado and Zhu, The Probability of Backtest Overfitting (2017) for CSCV.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
import numpy.typing as npt

from openoutcry.backtest.splits import choices, pieces
from openoutcry.risk.metrics import sharpe
from openoutcry.risk.ratio import FLAT

Floats = npt.NDArray[np.float64]
NORMAL = NormalDist()
EULER = 0.5772156649015329
ROUNDING = 1e-10
"""A variance below this share of the mean square is rounding noise of a constant series."""
CHUNK = 2**15
"""Numbers per intermediate array of CSCV: they stay in the cache, and products too small to be worth threads to BLAS."""


@dataclass(frozen=True, slots=True)
class SharpeEstimate:
    """A Sharpe ratio per period and what its error depends on. ``kurtosis`` is 3 for a normal distribution."""

    value: float
    skewness: float
    kurtosis: float
    periods: int


def estimate(returns: Floats) -> SharpeEstimate | None:
    """From returns per period; None of fewer than two, or when they do not vary."""
    value = sharpe(returns, 1.0)
    if value is None:
        return None
    away = returns - np.mean(returns)
    variance = float(np.mean(away**2))
    return SharpeEstimate(
        value=value,
        skewness=float(np.mean(away**3)) / variance**1.5,
        kurtosis=float(np.mean(away**4)) / variance**2,
        periods=len(returns),
    )


def _spread(of: SharpeEstimate) -> float:
    """Deviation of the estimate, times sqrt(periods - 1)."""
    return math.sqrt(max(1.0 - of.skewness * of.value + (of.kurtosis - 1.0) / 4.0 * of.value**2, FLAT))


def probabilistic_sharpe(of: SharpeEstimate, benchmark: float = 0.0) -> float:
    """Probability that the true Sharpe ratio is above ``benchmark``, from 0 to 1."""
    return NORMAL.cdf((of.value - benchmark) * math.sqrt(of.periods - 1) / _spread(of))


def min_track_record(of: SharpeEstimate, benchmark: float = 0.0, confidence: float = 0.95) -> float | None:
    """Periods needed to say with ``confidence`` that the Sharpe ratio is above ``benchmark``; None when it is not."""
    if of.value <= benchmark:
        return None
    return 1.0 + (_spread(of) * NORMAL.inv_cdf(confidence) / (of.value - benchmark)) ** 2


def expected_best_sharpe(trials: int, variance: float) -> float:
    """Greatest Sharpe ratio to be expected of ``trials`` worthless ones whose Sharpe ratios vary by ``variance``."""
    if trials < 2:
        return 0.0
    highest = NORMAL.inv_cdf(1.0 - 1.0 / trials), NORMAL.inv_cdf(1.0 - 1.0 / (trials * math.e))
    return math.sqrt(variance) * ((1.0 - EULER) * highest[0] + EULER * highest[1])


def deflated_sharpe(of: SharpeEstimate, trials: int, variance: float) -> float:
    """Probability that the Sharpe ratio is above what the best of ``trials`` worthless ones would have shown."""
    return probabilistic_sharpe(of, expected_best_sharpe(trials, variance))


@dataclass(frozen=True, slots=True, eq=False)
class Overfitting:
    """CSCV's answer. ``logits`` of the winner's relative rank out of sample, one per split.

    ``probability`` is the share of splits whose in-sample winner is in the lower half out of sample; ``degradation`` the slope
    and ``intercept`` of its out-of-sample Sharpe ratio on its in-sample one (per period; None when that does not vary);
    ``loss`` the share of splits whose winner lost out of sample.
    """

    probability: float
    degradation: float | None
    intercept: float | None
    loss: float
    logits: Floats

    @property
    def splits(self) -> int:
        """How many ways there were to halve the periods."""
        return len(self.logits)


def backtest_overfitting(returns: Floats, groups: int = 16) -> Overfitting:
    """Probability of backtest overfitting by combinatorially symmetric cross-validation, performance being Sharpe ratio.

    ``returns`` is periods x trials, of at least two trials and two periods a group; ``groups`` is even. A trial that does not
    vary over a half has Sharpe ratio 0 there; equal performances share the mean of their ranks.
    """
    sizes, sums, squares = _moments(returns, groups)
    trials = returns.shape[1]
    halves = np.array(list(choices(groups, groups // 2)))
    logits, inside, outside = [], [], []
    rows = max(CHUNK // trials, 1)
    for begin in range(0, len(halves), rows):
        picked = np.zeros((len(halves[begin : begin + rows]), groups))
        np.put_along_axis(picked, halves[begin : begin + rows], 1.0, axis=1)
        trained = _sharpe(picked, sizes, sums, squares)
        tested = _sharpe(1.0 - picked, sizes, sums, squares)
        winner = np.argmax(trained, axis=1)[:, None]
        theirs = np.take_along_axis(tested, winner, axis=1)
        rank = np.sum(tested < theirs, axis=1) + (np.sum(tested == theirs, axis=1) + 1) / 2
        share = rank / (trials + 1)
        logits.append(np.log(share / (1.0 - share)))
        inside.append(np.take_along_axis(trained, winner, axis=1)[:, 0])
        outside.append(theirs[:, 0])
    return _answer(np.concatenate(logits), np.concatenate(inside), np.concatenate(outside))


def _answer(logits: Floats, inside: Floats, outside: Floats) -> Overfitting:
    spread = float(np.var(inside))
    slope = None
    if math.sqrt(spread) >= FLAT:
        slope = float(np.mean((inside - np.mean(inside)) * (outside - np.mean(outside)))) / spread
    return Overfitting(
        probability=float(np.mean(logits <= 0.0)),
        degradation=slope,
        intercept=None if slope is None else float(np.mean(outside) - slope * np.mean(inside)),
        loss=float(np.mean(outside < 0.0)),
        logits=logits,
    )


def _moments(returns: Floats, groups: int) -> tuple[Floats, Floats, Floats]:
    """Periods, sums and sums of squares of each group of consecutive periods."""
    spans = pieces(len(returns), groups, field="groups")
    sizes = np.array([float(span.rows) for span in spans])
    starts = [span.start for span in spans]
    return sizes, np.add.reduceat(returns, starts, axis=0), np.add.reduceat(returns**2, starts, axis=0)


def _sharpe(picked: Floats, sizes: Floats, sums: Floats, squares: Floats) -> Any:
    """Sharpe ratios (splits x trials) over the picked groups."""
    count = (picked @ sizes)[:, None]
    mean = picked @ sums / count
    total = picked @ squares
    variance = (total - count * mean**2) / (count - 1.0)
    varies = variance > ROUNDING * total / count
    return np.where(varies, mean / np.sqrt(np.where(varies, variance, 1.0)), 0.0)


def trials_variance(sharpes: list[float | None]) -> float:
    """Variance (ddof 1) of the Sharpe ratios that exist; 0 of fewer than two."""
    known = [value for value in sharpes if value is not None]
    return float(np.var(known, ddof=1)) if len(known) > 1 else 0.0
