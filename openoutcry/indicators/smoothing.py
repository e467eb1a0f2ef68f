"""Averages that never forget: exponential and Wilder's. They differ in weight, and in where they start.

``ema`` and ``wilder`` start from the simple mean of their first window, as TA-Lib and the textbooks do. The
``_from_first`` forms start from the first value itself, as the signal registry's definitions do; after some twenty
windows the two are the same number.
"""

import math
from collections.abc import Callable

import numpy as np

from openoutcry.indicators.line import NAN, Array, Line, Live
from openoutcry.indicators.talib import ta


def ema(line: Line, size: int, *, from_first: bool = False) -> Line:
    """Exponential mean, weight 2/(size+1); NaN until ``size`` values are known."""
    return _smoothed(ta.EMA, 2.0 / (size + 1.0), line, size, from_first)


def wilder(line: Line, size: int, *, from_first: bool = False) -> Line:
    """Wilder's mean, weight 1/size; NaN until ``size`` values are known."""
    return _smoothed(ta.RMA, 1.0 / size, line, size, from_first)


def _smoothed(
    function: Callable[[Array, int], Array], weight: float, line: Line, size: int, from_first: bool
) -> Line:
    if isinstance(line, Live):
        return line.graph.node(_Smoothed(size, weight, from_first), line)
    return _after_first(function, line, size) if from_first else np.asarray(function(line, size))


def _after_first(function: Callable[[Array, int], Array], values: Array, size: int) -> Array:
    """The same recursion begun at the first value: its mean with size − 1 copies of itself is the seed."""
    out = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if not known.any():
        return out
    first = int(np.argmax(known))
    padded = np.concatenate((np.full(size - 1, values[first]), values[first:]))
    out[first + size - 1 :] = function(padded, size)[2 * (size - 1) :]
    return out


class _Smoothed:
    __slots__ = ("_from_first", "_mean", "_seen", "_size", "_sum", "_weight")

    def __init__(self, size: int, weight: float, from_first: bool) -> None:
        self._size = size
        self._weight = weight
        self._from_first = from_first
        self._seen = 0
        self._sum = 0.0
        self._mean = NAN

    def __call__(self, value: float) -> float:
        if self._seen == 0 and math.isnan(value):
            return NAN
        self._seen += 1
        if self._seen <= self._size and not self._from_first:
            self._sum += value
            self._mean = self._sum / self._size
        elif self._seen == 1:
            self._mean = value
        else:
            self._mean += (value - self._mean) * self._weight
        return self._mean if self._seen >= self._size else NAN
