"""How sure a mean is whose cases lean on their neighbours: a circular block bootstrap (D. Politis, J. Romano 1992).

Rounds that follow each other are judged by much the same prices, so that cases drawn one by one would seem surer than they are.
"""

import math
from collections.abc import Sequence

import numpy as np

LEAST = 8
"""Groups below which nothing is said."""
DRAWS = 2_000
SEED = 0


def interval(groups: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """The 95 % interval of the mean over all cases. ``groups`` are in order; blocks of about sqrt(n) neighbouring ones are drawn.
    The same groups, the same interval; None with too few.
    """
    count = len(groups)
    if count < LEAST:
        return None
    length = math.ceil(math.sqrt(count))
    sums = np.array([math.fsum(group) for group in groups])
    sizes = np.array([len(group) for group in groups])
    rng = np.random.default_rng(SEED)
    begins = rng.integers(0, count, size=(DRAWS, math.ceil(count / length)))
    drawn = (begins[:, :, None] + np.arange(length)).reshape(DRAWS, -1)[:, :count] % count
    means = sums[drawn].sum(axis=1) / sizes[drawn].sum(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
