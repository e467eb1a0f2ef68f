"""Beta calibration: from a stated confidence to how often such a word was right.

P(right) = sigmoid(c + a ln s - b ln(1 - s)), with a, b >= 0, so that a surer word is never believed less. a = b = 1, c = 0 is
the identity and the prior (Gaussian, precision 10 on each): few outcomes move little.

Source: M. Kull, T. Silva Filho, P. Flach, Beta calibration (AISTATS 2017).
"""

from collections.abc import Sequence

import numpy as np
from pydantic import Field

from openoutcry.posterior import mode
from openoutcry.types.frozen import Frozen

EDGE = 0.01
"""Confidences are read no closer to 0 and 1 than this."""
PRECISION = 10.0
IDENTITY = np.array([1.0, 1.0, 0.0])
DIGITS = 9


class Beta(Frozen):
    """A fitted map; ``cases`` is how many outcomes it was fitted to."""

    a: float = Field(ge=0)
    b: float = Field(ge=0)
    c: float
    cases: int = Field(ge=0)

    def believed(self, stated: float) -> float:
        """The chance that a word said with this confidence is right."""
        inside = min(1 - EDGE, max(EDGE, stated))
        power = self.c + self.a * float(np.log(inside)) - self.b * float(np.log1p(-inside))
        return round(float(1.0 / (1.0 + np.exp(-min(60.0, max(-60.0, power))))), DIGITS)


def fit(past: Sequence[tuple[float, bool]]) -> Beta:
    """The map that ``past`` (stated confidence, was it right) speaks for; without any, the identity."""
    if not past:
        return Beta(a=1.0, b=1.0, c=0.0, cases=0)
    inside = np.clip(np.array([stated for stated, _ in past], dtype=np.float64), EDGE, 1 - EDGE)
    came = np.array([1.0 if right else 0.0 for _, right in past])
    x = np.column_stack([np.log(inside), -np.log1p(-inside), np.ones(len(inside))])
    free = [0, 1, 2]
    while True:  # a slope that would be negative is none; at most twice
        weights = mode(x, came, IDENTITY, PRECISION, free)
        below = [index for index in free if index < 2 and weights[index] < 0]
        if not below:
            break
        free.remove(min(below, key=lambda index: weights[index]))
    a, b, c = (round(float(value), DIGITS) for value in weights)
    return Beta(a=abs(a), b=abs(b), c=c, cases=len(past))
