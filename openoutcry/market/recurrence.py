"""Linear recurrences over arrays, a chunk at a time."""

import numpy as np

from openoutcry.market.candles import Floats

CHUNK = 256


def recur(factor: Floats, shift: Floats, start: float) -> Floats:
    """``y[i] = factor[i] * y[i-1] + shift[i]`` from ``y[-1] = start``; factors are positive. Shape (n,)."""
    out = np.empty(len(shift))
    last = start
    for lo in range(0, len(shift), CHUNK):
        growth = np.cumprod(factor[lo : lo + CHUNK])
        piece = growth * (last + np.cumsum(shift[lo : lo + CHUNK] / growth))
        out[lo : lo + CHUNK] = piece
        last = float(piece[-1])
    return out


def decay(rate: float, shift: Floats, start: float) -> Floats:
    """``y[i] = (1 - rate) * y[i-1] + shift[i]``: an average that forgets. Shape (n,)."""
    return recur(np.full(len(shift), 1.0 - rate), shift, start)
