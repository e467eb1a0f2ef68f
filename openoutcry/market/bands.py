"""Where a market stands by its daily closes: bands of its return over three horizons, its volatility, its trend.

direction   return over 90, 180 and 365 days; ``bull`` above +10, +15 and +20 %, ``bear`` below as much, else neutral
volatility  deviation of the last 30 daily log returns × √365, in percent; ``z`` against the mean and deviation of the
            same figure at every earlier day of the window; ``low`` below −1, ``high`` above +1, else normal
trend       efficiency of the window: |log return| / Σ |daily log returns|; clean from 0.20, choppy below 0.08
label       of the whole window's return: mega_bear up to −50 %, bear up to −10 %, neutral, bull from +10 %,
            mega_bull from +100 %
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.indicators.line import Array

Band = Literal["bull", "neutral", "bear"]
Bucket = Literal["low", "normal", "high"]
Trend = Literal["clean", "mixed", "choppy"]
LABELS = ("mega_bear", "bear", "neutral", "bull", "mega_bull")
EDGES = (-0.5, -0.1, 0.1, 1.0)
HORIZONS = {90: 0.10, 180: 0.15, 365: 0.20}
SPAN = 30
YEAR = 365
CLEAN, CHOPPY = 0.20, 0.08


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of daily closes. What too few bars cannot tell is None; returns are fractions."""

    total_return: float
    label: str
    annual_volatility: float | None
    z: float | None
    bucket: Bucket | None
    efficiency: float
    trend: Trend


def horizon(close: Array, days: int) -> tuple[float, Band] | None:
    """Return over the last ``days`` daily bars and its band; None where so many are not known."""
    if len(close) <= days:
        return None
    change, edge = float(close[-1] / close[-1 - days] - 1), HORIZONS[days]
    return change, "bull" if change > edge else "bear" if change < -edge else "neutral"


def segment(close: Array) -> Segment:
    """What a stretch of at least two positive daily closes was like."""
    steps = np.diff(np.log(close))
    change = float(close[-1] / close[0] - 1)
    path = float(np.abs(steps).sum())
    efficiency = abs(float(steps.sum())) / path if path > 0 else 0.0
    vol, z = _volatility(steps)
    return Segment(
        total_return=change,
        label=LABELS[int(np.searchsorted(EDGES, change, side="right"))],
        annual_volatility=vol,
        z=z,
        bucket=None if z is None else "low" if z < -1 else "high" if z > 1 else "normal",
        efficiency=efficiency,
        trend="clean" if efficiency >= CLEAN else "choppy" if efficiency < CHOPPY else "mixed",
    )


def rolling_deviation(steps: Array) -> Array:
    """The sample deviation of every ``SPAN`` consecutive log returns, of which there must be as many."""
    found: Array = np.lib.stride_tricks.sliding_window_view(steps, SPAN).std(axis=1, ddof=1)
    return found


def _volatility(steps: Array) -> tuple[float | None, float | None]:
    if len(steps) < SPAN:
        return None, None
    rolling = rolling_deviation(steps) * math.sqrt(YEAR)
    now, before = float(rolling[-1]), rolling[:-1]
    if len(before) < SPAN or float(before.std()) == 0.0:
        return now, None
    return now, float((now - before.mean()) / before.std())
