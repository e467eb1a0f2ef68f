"""Moving windows over a column, each value from its own window alone: what comes later, or how much was there
before, changes no bit of it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from openoutcry.market.candles import Floats

ROWS_AT_ONCE = 4096
"""Bounds the memory of windows that are laid out one by one."""
STILL = 1e-12
"""Deviation, in units of the mean, below which nothing moves."""


def moving_mean(values: Floats, window: int) -> Floats:
    """Mean of the ``window`` values up to each; NaN before there are so many, or where one of them is NaN."""
    out = np.full(len(values), np.nan)
    for start, rows in _windows(values, window):
        out[start : start + len(rows)] = rows.mean(axis=1)
    return out


def moving_zscore(values: Floats, window: int, least: int, clip: float) -> Floats:
    """How far each value lies from the mean of the ``window`` values up to it, in their deviations (ddof 1).

    NaNs inside a window are left out; ``least`` values must remain. NaN where they do not, where the value itself is
    NaN, or where nothing in the window moves. Held within ``±clip``.
    """
    out = np.full(len(values), np.nan)
    padded = np.concatenate([np.full(window - 1, np.nan), values])
    with np.errstate(all="ignore"):
        for start, rows in _windows(padded, window):
            first = start - (window - 1)
            full = np.isfinite(rows).all(axis=1)
            scores = np.empty(len(rows))
            scores[full] = _scores(rows[full], window)
            scores[~full] = _partial_scores(rows[~full], least)
            out[first : first + len(rows)] = scores.clip(-clip, clip)
    return out


def _scores(
    rows: Floats, count: "int | NDArray[np.int64]", known: "NDArray[np.bool_] | None" = None
) -> Floats:
    """Score of the last value of each row; where ``known`` is given, of the ``count`` values that are."""
    mean = (rows if known is None else np.where(known, rows, 0.0)).sum(axis=1) / count
    away = rows - mean[:, None]
    if known is not None:
        away[~known] = 0.0
    last = away[:, -1].copy()
    away *= away
    deviation = np.sqrt(away.sum(axis=1) / (count - 1))
    # A column that stands still has no deviation but what rounding leaves of its size.
    moves = deviation > STILL * np.maximum(np.abs(mean), np.finfo(np.float64).tiny)
    return np.where(moves, last / deviation, np.nan)


def _partial_scores(rows: Floats, least: int) -> Floats:
    known = np.isfinite(rows)
    count = known.sum(axis=1)
    scores = _scores(rows, count, known)
    scores[(count < least) | ~known[:, -1]] = np.nan
    return scores


def _windows(values: Floats, window: int) -> Iterator[tuple[int, Floats]]:
    """Windows as rows, some thousands at a time, with the index of the last value of the first of them."""
    if len(values) < window:
        return
    view = sliding_window_view(values, window)
    for start in range(0, len(view), ROWS_AT_ONCE):
        yield window - 1 + start, np.ascontiguousarray(view[start : start + ROWS_AT_ONCE])
