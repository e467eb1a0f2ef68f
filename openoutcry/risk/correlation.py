"""How alike return series move: one pair, every pair, and a pair over time."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from openoutcry.errors import BadInput
from openoutcry.risk.returns import Floats

Method = Literal["pearson", "spearman"]
METHODS: tuple[Method, ...] = get_args(Method)
STILL = 1e-12
"""A spread below this share of the largest value is rounding noise of a series that does not move."""


def correlation(left: Floats, right: Floats, method: Method = "pearson") -> float | None:
    """Correlation of two equally long return series of finite numbers; None of fewer than two, or where one
    does not move.

    pearson    of the values
    spearman   of their ranks, ties at their average rank
    """
    if len(left) != len(right):
        raise BadInput(
            f"returns: series of {len(left)} and {len(right)} values cannot be paired", field="returns"
        )
    if len(left) < 2:
        return None
    first, second = (_centred(_ranks(side) if method == "spearman" else side) for side in (left, right))
    if first is None or second is None:
        return None
    return min(1.0, max(-1.0, float(np.dot(first, second))))


def correlation_matrix(
    returns: Sequence[Floats], method: Method = "pearson"
) -> tuple[tuple[float | None, ...], ...]:
    """Every pair's correlation, rows and columns in the order given; the diagonal is 1 where a series moves."""
    return tuple(tuple(correlation(one, other, method) for other in returns) for one in returns)


def rolling_correlation(left: Floats, right: Floats, window: int) -> Floats:
    """Pearson correlation of the last ``window`` returns at each of them: NaN until there are so many, and
    where one of the two did not move.

    Raises BadInput naming ``window`` or ``returns``.
    """
    if len(left) != len(right):
        raise BadInput(
            f"returns: series of {len(left)} and {len(right)} values cannot be paired", field="returns"
        )
    if window < 2:
        raise BadInput(f"window: {window} returns have no correlation; at least 2", field="window")
    found = np.full(len(left), np.nan)
    if len(left) < window:
        return found
    pairs = zip(sliding_window_view(left, window), sliding_window_view(right, window), strict=True)
    values = [correlation(one, other) for one, other in pairs]
    found[window - 1 :] = [np.nan if value is None else value for value in values]
    return found


def _centred(values: Floats) -> Floats | None:
    """Around zero, of length one; None when nothing moves. Scaled first, so that neither 1e300 nor 1e-300 is
    lost.
    """
    scale = float(np.max(np.abs(values)))
    if scale == 0.0:
        return None
    scaled = values / scale
    around = scaled - scaled.mean()
    length = float(np.sqrt(np.dot(around, around)))
    return around / length if length > STILL * np.sqrt(len(values)) else None


def _ranks(values: Floats) -> Floats:
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return np.asarray((last - (count - 1) / 2.0)[place], dtype=np.float64)
