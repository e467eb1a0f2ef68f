"""The Sharpe ratio of a mean and a deviation: of a series (``metrics.sharpe``), or of sums kept while records pass."""

import math

FLAT = 1e-15
"""A deviation below this is rounding noise of a constant series."""


def sharpe_of(mean: float, deviation: float, periods: float, risk_free: float = 0.0) -> float | None:
    """Mean excess return a bar over the deviation a bar, x sqrt(periods); None where nothing deviates.

    ``periods`` bars make a year; ``risk_free`` is a year's, split evenly over its bars.
    """
    return None if deviation < FLAT else (mean - risk_free / periods) / deviation * math.sqrt(periods)
