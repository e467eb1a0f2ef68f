"""Walking forward: every prediction by a model fitted on what was known then, and what came of it.

The model is ridge regression of the move over the next ``horizon`` bars, in units of that horizon's usual move, on
``features.py``. It is fitted anew at every origin, on rows whose move was complete by then. Origins lie a horizon apart,
so that no two outcomes share a bar.
"""

import math
from dataclasses import dataclass

import numpy as np

from openoutcry.forecast.features import COUNT, WARM_UP, rows_of
from openoutcry.market.candles import Floats, Stamps

LEAST_ROWS = 60
"""Complete rows before the first origin."""
SHRINK = 50.0
"""Rows of nothing that every fit is mixed with, per overlapping outcome: it takes much to be told from no forecast."""


@dataclass(frozen=True, slots=True)
class Walk:
    """Origins in order: ``bar`` (index of the close it was made at), ``predicted`` and ``moved`` in units of ``scale``,
    the usual move of the horizon (log). Beside them the forecast of the last bar, whose outcome nobody knows.
    """

    bar: Stamps
    predicted: Floats
    moved: Floats
    scale: Floats
    next_predicted: float
    next_scale: float

    @property
    def missed(self) -> Floats:
        """What came minus what was predicted."""
        found: Floats = self.moved - self.predicted
        return found


def walk_forward(close: Floats, horizon: int) -> Walk | None:
    """Walk over ascending closes; None when there are too few for a single origin."""
    rows = rows_of(close)
    count = len(rows.x)
    complete = count - horizon
    """Rows whose outcome is known at the end."""
    if complete < LEAST_ROWS + horizon:
        return None
    scale = rows.sigma * math.sqrt(horizon)
    moved = (rows.log_price[horizon:] - rows.log_price[:-horizon]) / scale[:-horizon]
    outer, target = _sums(rows.x[:complete], moved)
    origins = np.arange(LEAST_ROWS + horizon - 1, complete, horizon)
    known = origins - horizon + 1  # rows whose move had ended by the origin's close
    weights = _fits(outer[known], target[known], horizon)
    predicted = np.einsum("ij,ij->i", rows.x[origins], weights)
    last = _fits(outer[complete:], target[complete:], horizon)[0]
    return Walk(
        bar=origins + WARM_UP,
        predicted=predicted,
        moved=moved[origins],
        scale=scale[origins],
        next_predicted=float(rows.x[-1] @ last),
        next_scale=float(scale[-1]),
    )


def _sums(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Sums of x xᵀ and x y over the first k rows, for k from 0."""
    outer = np.cumsum(x[:, :, None] * x[:, None, :], axis=0)
    target = np.cumsum(x * y[:, None], axis=0)
    return (
        np.concatenate([np.zeros((1, COUNT, COUNT)), outer]),
        np.concatenate([np.zeros((1, COUNT)), target]),
    )


def _fits(outer: Floats, target: Floats, horizon: int) -> Floats:
    """The weights of each fit; outcomes overlap ``horizon`` times, so they count for as much less."""
    penalty = SHRINK * horizon * np.eye(COUNT)
    found: Floats = np.linalg.solve(outer + penalty, target[:, :, None])[:, :, 0].astype(np.float64)
    return found
