"""Return series: how they are made, and how many of them make a year."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import BadInput
from openoutcry.types.timeframes import SECONDS

Floats = NDArray[np.float64]
DAYS_PER_YEAR = 365
"""Crypto trades every day; 252 would be a stock exchange's year."""
LARGEST = 1e6
"""A return beyond this, a million times the money in one bar, is a broken price and no market's."""


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


def price_returns(prices: Sequence[float] | Floats, *, field: str, least: int = 2) -> Floats:
    """Simple returns of a price series given from outside: finite, positive, and with no jump beyond LARGEST.
    Raises BadInput naming ``field`` and the first bad place.
    """
    array = series(prices, field=field, least=least, positive=True)
    with np.errstate(over="ignore"):
        found = simple_returns(array)
    if (found > LARGEST).any():
        place = int((found > LARGEST).argmax()) + 1
        raise BadInput(f"{field}[{place}]: more than {LARGEST:g} times the price before it", field=field)
    return found


def simple_returns(prices: Floats) -> Floats:
    """``p[i] / p[i-1] - 1``: one fewer than there are prices, all positive."""
    return np.asarray(prices[1:] / prices[:-1] - 1.0)


def log_returns(prices: Floats) -> Floats:
    """``ln(p[i] / p[i-1])``: one fewer than there are prices, all positive."""
    return np.diff(np.log(prices))
