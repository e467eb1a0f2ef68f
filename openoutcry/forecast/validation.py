"""How good the forecasts of a walk were, beside forecasting no change and beside always naming the commoner direction.

directional_accuracy  share of origins whose predicted sign came true
naive_accuracy        the same of naming the direction that was commoner until then
mae_pct               mean of |predicted - real change|, in percentage points; naive_mae_pct that of "no change"
mape                  mean of |predicted - real price| / real price, in percent
calibration_error     expected calibration error of the probability of a rise, ten bins; it comes from the misses of
                      earlier origins alone
passed                at least 30 origins; less missed than by "no change"; the direction right more often than the naive one
                      by 1.64 standard errors, as luck would manage once in twenty; calibration error at most 0.10
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from openoutcry.forecast.walk import Walk
from openoutcry.market.candles import Floats, Stamps
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import from_millis

Flags = NDArray[np.bool_]
LEAST_SAMPLES = 30
LEAST_MISSES = 20
"""Misses that a probability, or a band, is made of."""
MOST_CALIBRATION_ERROR = 0.10
ONE_IN_TWENTY = 1.645
BINS = 10


class Window(Frozen):
    """The close of the first forecast that was judged, and of the last bar that judged one."""

    start: datetime
    end: datetime


class Validation(Frozen):
    """How a walk went."""

    method: Literal["walk_forward"] = "walk_forward"
    samples: int
    directional_accuracy: float
    naive_accuracy: float
    mae_pct: float
    naive_mae_pct: float
    mape: float
    calibration_error: float
    window: Window
    passed: bool


def judge(walk: Walk, timestamp: Stamps, bar_ms: int, horizon: int) -> Validation:
    """The walk's figures; ``timestamp`` are open times of the bars that were walked over."""
    rose, real = walk.moved > 0, np.exp(walk.moved * walk.scale)
    said = np.exp(walk.predicted * walk.scale)
    hit = (walk.predicted > 0) == rose
    error = _calibration_error(walk, rose)
    found: dict[str, Any] = {
        "directional_accuracy": float(hit.mean()),
        "naive_accuracy": float((_commoner(rose) == rose).mean()),
        "mae_pct": float(np.abs(said - real).mean() * 100),
        "naive_mae_pct": float(np.abs(real - 1).mean() * 100),
        "mape": float(np.abs(said / real - 1).mean() * 100),
        "calibration_error": error,
    }
    return Validation(
        samples=len(walk.bar),
        window=Window(
            start=from_millis(int(timestamp[walk.bar[0]]) + bar_ms),
            end=from_millis(int(timestamp[walk.bar[-1] + horizon]) + bar_ms),
        ),
        passed=_passed(len(walk.bar), found),
        **found,
    )


def together(parts: Sequence[Validation]) -> Validation:
    """Several walks as one: figures weighted by samples, passed when each has. Raises ValueError for none."""
    weights = np.array([part.samples for part in parts], dtype=np.float64)

    def mean(name: str) -> float:
        return float(np.average([getattr(part, name) for part in parts], weights=weights))

    return Validation(
        samples=int(weights.sum()),
        directional_accuracy=mean("directional_accuracy"),
        naive_accuracy=mean("naive_accuracy"),
        mae_pct=mean("mae_pct"),
        naive_mae_pct=mean("naive_mae_pct"),
        mape=mean("mape"),
        calibration_error=mean("calibration_error"),
        window=Window(start=min(p.window.start for p in parts), end=max(p.window.end for p in parts)),
        passed=all(part.passed for part in parts),
    )


def rise_probability(misses: Floats, predicted: float) -> float:
    """How likely a rise is: the share of earlier misses that would still make one, a half added to either side."""
    return float((np.count_nonzero(misses > -predicted) + 0.5) / (len(misses) + 1.0))


def _passed(samples: int, found: Mapping[str, float]) -> bool:
    luck = ONE_IN_TWENTY * 0.5 / math.sqrt(samples)
    return (
        samples >= LEAST_SAMPLES
        and found["mae_pct"] < found["naive_mae_pct"]
        and found["directional_accuracy"] > found["naive_accuracy"] + luck
        and found["calibration_error"] <= MOST_CALIBRATION_ERROR
    )


def _commoner(
    rose: Flags,
) -> Flags:
    """The commoner direction among the origins before each; a rise while they are even."""
    before = np.concatenate([[0], np.cumsum(np.where(rose, 1, -1))[:-1]])
    found: Flags = before >= 0
    return found


def _calibration_error(walk: Walk, rose: Flags) -> float:
    """1.0, the worst there is, when no origin has enough others before it."""
    judged = range(LEAST_MISSES, len(walk.bar))
    if not judged:
        return 1.0
    said = np.array([rise_probability(walk.missed[:i], float(walk.predicted[i])) for i in judged])
    true = rose[LEAST_MISSES:]
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    gaps = [abs(said[bins == b].sum() - true[bins == b].sum()) for b in range(BINS)]
    return float(sum(gaps) / len(said))
