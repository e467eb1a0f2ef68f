"""Logistic weights with a Gaussian prior: the posterior's mode, by Newton's method with steps that never go uphill."""

from collections.abc import Sequence

import numpy as np

from openoutcry.market.candles import Floats

STEPS = 100
SMALL = 1e-10


def mode(
    x: Floats, came: Floats, prior: Floats, precision: float, free: Sequence[int] | None = None
) -> Floats:
    """The weights of the columns of ``x`` that ``came`` (0 or 1 a row) speaks for; those outside ``free`` (None: all) are 0."""
    count = len(prior)
    loose = list(range(count)) if free is None else list(free)
    weights = np.where(np.isin(np.arange(count), loose), prior, 0.0)
    for _ in range(STEPS):
        chance = 1.0 / (1.0 + np.exp(-np.clip(x @ weights, -60, 60)))
        slope = (x.T @ (came - chance) - precision * (weights - prior))[loose]
        curve = (x * (chance * (1 - chance))[:, None]).T @ x + precision * np.eye(count)
        moved = np.zeros(count)
        moved[loose] = np.linalg.solve(curve[np.ix_(loose, loose)], slope)
        here = _cost(x, came, weights, prior, precision)
        while _cost(x, came, weights + moved, prior, precision) > here and float(np.abs(moved).max()) > SMALL:
            moved /= 2  # a full step can overshoot where all rows are alike
        weights = weights + moved
        if float(np.abs(moved).max()) < SMALL:
            break
    return weights


def _cost(x: Floats, came: Floats, weights: Floats, prior: Floats, precision: float) -> float:
    """Minus the log posterior, up to a constant; convex in the weights."""
    power, away = x @ weights, weights - prior
    return float(np.logaddexp(0.0, power).sum() - came @ power + precision / 2 * (away @ away))
