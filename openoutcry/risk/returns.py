"""Return series: how they are made, and how many of them make a year."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import SECONDS

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365
"""Crypto trades every day; 252 would be a stock exchange's year."""


def periods_per_year(timeframe: str) -> float:
    """Bars of a canonical timeframe in a year of 365 days: 365 for ``1d``, 8,760 for ``1h``."""
    return DAYS_PER_YEAR * 86_400 / SECONDS[timeframe]


def series(values: Sequence[float] | Floats, *, field: str, least: int = 1, positive: bool = False) -> Floats:
    """A series given from outside, checked. Raises BadInput naming ``field`` and the first bad place."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or len(array) < least:
        raise BadInput(f"{field}: needs at least {least} numbers, has {array.size}", field=field)
    bad = ~np.isfinite(array) if not positive else ~(np.isfinite(array) & (array > 0))
    if bad.any():
        kind = "a positive number" if positive else "a finite number"
        raise BadInput(f"{field}[{int(bad.argmax())}]: must be {kind}", field=field)
    return array


def simple_returns(prices: Floats) -> Floats:
    """``p[i] / p[i-1] - 1``: one fewer than there are prices, all positive."""
    return np.asarray(prices[1:] / prices[:-1] - 1.0)


def log_returns(prices: Floats) -> Floats:
    """``ln(p[i] / p[i-1])``: one fewer than there are prices, all positive."""
    return np.diff(np.log(prices))
