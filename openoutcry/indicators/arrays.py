"""What the indicators ask of arrays: rolling extremes, shifts, exact scaling, nothing but numbers or NaN."""

import math

import numpy as np
import numpy.typing as npt

from openoutcry.indicators.talib import ta

Array = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]


def finite(values: Array) -> Array:
    """``values`` with infinities turned into NaN."""
    return np.where(np.isfinite(values), values, np.nan)


def shifted(values: Array, bars: int) -> Array:
    """The value ``bars`` earlier; NaN where there is none."""
    if bars == 0:
        return values
    out = np.full(len(values), np.nan)
    out[bars:] = values[:-bars]
    return out


def ratio(top: Array, bottom: Array, otherwise: float = math.nan) -> Array:
    """``top / bottom``, ``otherwise`` where the bottom is zero; NaN stays NaN."""
    out = np.full(len(top), otherwise)
    np.divide(top, bottom, out=out, where=bottom != 0)
    return finite(out)


def highest(values: Array, window: int) -> Array:
    """Maximum of the last ``window`` values."""
    return values if window == 1 else np.asarray(ta.MAX(values, window))


def lowest(values: Array, window: int) -> Array:
    """Minimum of the last ``window`` values."""
    return values if window == 1 else np.asarray(ta.MIN(values, window))


def total(values: Array, window: int) -> Array:
    """Sum of the last ``window`` values."""
    return values if window == 1 else np.asarray(ta.SUM(values, window))


def mean(values: Array, window: int) -> Array:
    """Mean of the last ``window`` values."""
    return values if window == 1 else np.asarray(ta.SMA(values, window))


def unit(values: Array) -> float:
    """A power of two that brings the first non-zero value near one.

    TA-Lib takes anything below 1e-14 for zero, in whatever unit prices come; multiplying by a power of two
    loses nothing. Depends on the past only: a longer series has the same unit.
    """
    at = int(np.argmax(values != 0)) if len(values) else 0
    if len(values) == 0 or values[at] == 0 or not math.isfinite(values[at]):
        return 1.0
    return math.ldexp(1.0, max(-1000, min(1000, -math.frexp(values[at])[1])))
