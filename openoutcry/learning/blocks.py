"""How sure a mean is whose cases lean on their neighbours, by the stationary bootstrap.

Rounds that follow each other are judged by much the same prices, so that cases drawn one by one would seem surer than they are.
"""

import math
from collections.abc import Sequence

import numpy as np

from openoutcry.league.resampling import Interval, Span, drawn
from openoutcry.league.resampling import interval as central

LEAST = 8
"""Groups below which nothing is said."""
DRAWS = 2_000
SEED = 0


def interval(groups: Sequence[Sequence[float]]) -> Interval | None:
    """The 95 % interval of the mean over all cases. ``groups`` are in order; blocks of about sqrt(n) neighbouring ones are drawn.
    The same groups, the same interval; None with too few.
    """
    count = len(groups)
    if count < LEAST:
        return None
    sums = np.array([math.fsum(group) for group in groups])
    sizes = np.array([len(group) for group in groups])
    rng = np.random.default_rng(SEED)
    samples = drawn(rng, [Span("rounds", count)], math.sqrt(count), DRAWS)
    return central(np.concatenate([sums[at].sum(axis=1) / sizes[at].sum(axis=1) for at in samples]))
