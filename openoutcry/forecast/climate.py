"""The market around a decision, from its daily closes: how rough it is against its own past, and a regime by rule.

The rule stands in while no trained model has followed the market (``outcry regime``):

    crisis     the 90-day return's band is bear, and volatility is high against its own past
    bear       the band is bear
    bull       the band is bull
    recovery   neither, and the last 30 days rose by more than 10 %
    sideways   all else
"""

from dataclasses import dataclass

import numpy as np

from openoutcry.market.bands import SPAN, horizon, rolling_deviation, segment
from openoutcry.market.candles import Floats
from openoutcry.regime.names import Regime

QUARTER = 90
RISEN = 0.10


@dataclass(frozen=True, slots=True)
class Climate:
    """``volatility_pct``: deviation of the last 30 daily log returns; ``rank``: the share of earlier days that were calmer."""

    volatility_pct: float
    rank: float
    regime: Regime


def climate_of(close: Floats) -> Climate:
    """The climate at the end of at least 208 daily closes."""
    steps = np.diff(np.log(close))
    rolling = rolling_deviation(steps)
    return Climate(
        volatility_pct=float(rolling[-1] * 100),
        rank=float((rolling[:-1] < rolling[-1]).mean()),
        regime=_regime(close),
    )


def _regime(close: Floats) -> Regime:
    told, rough = horizon(close, QUARTER), segment(close).bucket
    band = "neutral" if told is None else told[1]
    if band == "bear":
        return "crisis" if rough == "high" else "bear"
    if band == "bull":
        return "bull"
    return "recovery" if float(close[-1] / close[-1 - SPAN] - 1) > RISEN else "sideways"
