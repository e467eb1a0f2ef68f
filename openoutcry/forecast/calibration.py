"""From the floor's confidence to how often it was right when it said so.

The tally's confidence is a share of voices, not a probability. Decisions whose end was known when the asking one was taken
say what such shares were worth: P(right) = sigmoid(a + b logit(confidence)), fitted by Newton's method towards a = 0, b = 1
(a Gaussian prior of deviation 1 on each), entries and HOLDs apart. With fewer than 30 such outcomes, or with all of
them the same, the confidence is left as it is, and the answer says so.

Source: J. Platt, Probabilistic Outputs for Support Vector Machines (1999), with the identity as the prior.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from openoutcry.market.candles import Floats
from openoutcry.posterior import mode
from openoutcry.types.frozen import Frozen

LEAST_OUTCOMES = 30
EDGE = 0.01
"""Confidences are read no closer to 0 and 1 than this."""


class Calibrated(Frozen):
    """``confidence`` is ``raw`` where ``method`` is none; ``outcomes`` is how many ends of like decisions were known."""

    confidence: float
    raw: float
    outcomes: int
    method: Literal["logistic", "none"]


def calibrate(raw: float, past: Sequence[tuple[float, bool]]) -> Calibrated:
    """``past`` are confidences of like decisions and whether each was right, all known before."""
    right = sum(1 for _, ended_well in past if ended_well)
    if len(past) < LEAST_OUTCOMES or right in (0, len(past)):
        return Calibrated(confidence=raw, raw=raw, outcomes=len(past), method="none")
    said = np.array([confidence for confidence, _ in past])
    came = np.array([1.0 if ended_well else 0.0 for _, ended_well in past])
    x = np.column_stack([np.ones(len(said)), _logit(said)])
    weights = mode(x, came, np.array([0.0, 1.0]), 1.0)
    found = float(_sigmoid(np.array([1.0, float(_logit(np.array([raw]))[0])]) @ weights))
    return Calibrated(confidence=found, raw=raw, outcomes=len(past), method="logistic")


def _logit(
    share: Floats,
) -> Floats:
    inside = np.clip(share, EDGE, 1 - EDGE)
    found: Floats = np.log(inside / (1 - inside))
    return found


def _sigmoid(
    value: Floats,
) -> Floats:
    found: Floats = 1.0 / (1.0 + np.exp(-np.clip(value, -60, 60)))
    return found
