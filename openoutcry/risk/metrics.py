"""The figures that measure risk, each defined once.

Returns are simple returns per bar; ``periods`` is the number of bars a year (365 days). Standard deviations
have ddof 1. Losses (VaR, CVaR, drawdowns) are positive fractions. A figure that does not exist (no deviation,
no drawdown, too few returns) is None, never infinity.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

import numpy as np

from openoutcry.risk.ratio import FLAT, sharpe_of
from openoutcry.risk.returns import Floats

VarMethod = Literal["historical", "parametric"]


@dataclass(frozen=True, slots=True)
class TailRisk:
    """Loss that is not exceeded with the given confidence, and the mean loss when it is; per bar, positive
    fractions.
    """

    value_at_risk: float
    expected_shortfall: float


@dataclass(frozen=True, slots=True)
class Drawdown:
    """Falls from the highest value so far, as positive fractions; durations in bars.

    ``longest`` is the longest time from a high to its recovery, or to the end where there is none. ``peak``
    and ``trough`` are the places of the deepest one.
    """

    deepest: float
    current: float
    peak: int
    trough: int
    longest: int


@dataclass(frozen=True, slots=True)
class RiskFigures:
    """The seven figures of a return series, named as the API names them; ``max_drawdown`` is positive.

    ``var_95`` and ``cvar_95`` are historical, per bar. None where a figure does not exist.
    """

    volatility: float | None
    var_95: float
    cvar_95: float
    max_drawdown: float
    sharpe_ratio: float | None
    sortino_ratio: float | None
    calmar_ratio: float | None


def figures(returns: Floats, periods: float) -> RiskFigures:
    """All of them, of at least one return; ``periods`` bars make a year."""
    tail = tail_risk(returns, 0.95)
    return RiskFigures(
        volatility=volatility(returns, periods),
        var_95=tail.value_at_risk,
        cvar_95=tail.expected_shortfall,
        max_drawdown=deepest_fall(returns),
        sharpe_ratio=sharpe(returns, periods),
        sortino_ratio=sortino(returns, periods),
        calmar_ratio=calmar(returns, periods),
    )


def deviation(returns: Floats) -> float | None:
    """Standard deviation per bar; None of fewer than two."""
    return float(np.std(returns, ddof=1)) if len(returns) >= 2 else None


def volatility(returns: Floats, periods: float) -> float | None:
    """Standard deviation a year: per bar x sqrt(periods)."""
    per_bar = deviation(returns)
    return None if per_bar is None else per_bar * math.sqrt(periods)


def tail_risk(returns: Floats, confidence: float, method: VarMethod = "historical") -> TailRisk:
    """VaR and CVaR per bar of at least one return; 0 where the tail holds no loss.

    historical   VaR = -(1 - confidence) quantile, linear between observations; CVaR = -mean of returns at or
    below it parametric   of a normal distribution with the sample's mean m and deviation s, z its (1 -
    confidence) quantile:
                 VaR = -(m + z s); CVaR = -(m - s pdf(z) / (1 - confidence))
    """
    if method == "historical":
        edge = float(np.quantile(returns, 1.0 - confidence))
        tail = float(np.mean(returns[returns <= edge]))
    else:
        normal, rest = NormalDist(), 1.0 - confidence
        mean, spread, z = float(np.mean(returns)), deviation(returns) or 0.0, normal.inv_cdf(rest)
        edge, tail = mean + z * spread, mean - spread * normal.pdf(z) / rest
    return TailRisk(max(0.0, -edge), max(0.0, -tail))


def sharpe(returns: Floats, periods: float, risk_free: float = 0.0) -> float | None:
    """Mean excess return over its deviation, x sqrt(periods). ``risk_free`` is a year's, split evenly over
    its bars.
    """
    spread = deviation(returns)
    return None if spread is None else sharpe_of(float(np.mean(returns)), spread, periods, risk_free)


def sharpe_ratios(returns: Floats, periods: float) -> Floats:
    """The same of many series of two returns at least, one a row (series, bars), without a risk-free rate; NaN where
    one does not move.
    """
    spread = np.std(returns, axis=1, ddof=1)
    moves = spread >= FLAT
    ratio = np.mean(returns, axis=1) / np.where(moves, spread, 1.0)
    return np.asarray(np.where(moves, ratio, np.nan) * math.sqrt(periods))


def sortino(returns: Floats, periods: float, risk_free: float = 0.0) -> float | None:
    """As Sharpe, over the downside deviation: root mean square of the shortfalls, over all bars."""
    if len(returns) < 2:
        return None
    excess = returns - risk_free / periods
    downside = math.sqrt(float(np.mean(np.minimum(excess, 0.0) ** 2)))
    return float(np.mean(excess)) / downside * math.sqrt(periods) if downside >= FLAT else None


def annual_return(returns: Floats, periods: float) -> float | None:
    """Compound growth a year; None when nothing is left, or of no returns."""
    if len(returns) == 0 or bool(np.any(returns <= -1.0)):
        return None
    return _grown(float(np.sum(np.log1p(returns))) * periods / len(returns))


def compounded(total_return: float, times: float) -> float | None:
    """``(1 + total_return) ^ times - 1``: a year's growth out of a whole run's; None when nothing is left."""
    return _grown(math.log1p(total_return) * times) if total_return > -1.0 else None


def _grown(log_growth: float) -> float | None:
    return math.expm1(log_growth) if log_growth < 700.0 else None


def calmar(returns: Floats, periods: float) -> float | None:
    """Annual return over the deepest drawdown."""
    growth, fall = annual_return(returns, periods), deepest_fall(returns)
    return growth / fall if growth is not None and fall > 0 else None


def deepest_fall(returns: Floats) -> float:
    """Deepest drawdown of what 1.0 becomes bar by bar; 1 once everything is lost. Added up in logarithms, so
    that no length of series overflows.
    """
    with np.errstate(divide="ignore"):
        grown = np.concatenate((np.zeros(1), np.cumsum(np.log1p(np.maximum(returns, -1.0)))))
    return float(-np.expm1(np.min(grown - np.maximum.accumulate(grown))))


def falls(equity: Floats, start: float = 0.0) -> Floats:
    """How far each value of an equity curve lies below the highest so far, as positive fractions. ``start`` counts
    as one before the first.
    """
    return np.asarray(1.0 - equity / np.maximum.accumulate(np.maximum(equity, start)))


def drawdown(equity: Floats) -> Drawdown:
    """Drawdowns of an equity curve of at least one value, starting positive."""
    depths = falls(equity)
    trough = int(np.argmax(depths))
    at_high = np.flatnonzero(depths == 0.0)
    spans = np.diff(np.concatenate((at_high, [len(equity) - 1])))
    spans[:-1][spans[:-1] == 1] = 0  # from one high straight to the next nothing was lost
    return Drawdown(
        deepest=float(depths[trough]),
        current=float(depths[-1]),
        peak=int(np.argmax(equity[: trough + 1])),
        trough=trough,
        longest=int(spans.max()),
    )
