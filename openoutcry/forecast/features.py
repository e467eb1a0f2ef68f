"""What a forecast looks at: moves over four spans, the distance from the mean, and how rough it has become.

All are counted in units of the usual move (deviation of the last 48 log returns), so that they mean the same in any
market and at any bar length. Row ``t`` uses closes up to ``t`` only.
"""

import math
from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Floats

SPANS = (1, 6, 24, 72)
USUAL = 48
ROUGH = 12
WARM_UP = max(*SPANS, USUAL)
LARGEST = 4.0
"""Features are clipped here: one crash must not write the model."""
COUNT = len(SPANS) + 3
LEAST_MOVE = 1e-8
"""Stands for the usual move of a price that does not move at all."""


@dataclass(frozen=True, slots=True)
class Rows:
    """``x`` of shape (n, COUNT) and the usual one-bar move ``sigma`` (n,) for bars ``WARM_UP`` to the last."""

    x: Floats
    sigma: Floats
    log_price: Floats


def rows_of(close: Floats) -> Rows:
    """The features of ascending positive closes of shape (m,); empty when m <= WARM_UP."""
    price = np.log(close)
    steps = np.concatenate([[0.0], np.diff(price)])
    at = np.arange(WARM_UP, len(price))
    sigma = np.maximum(_deviation(steps, USUAL), LEAST_MOVE)
    columns = [
        np.clip((price[at] - price[at - span]) / (sigma[at] * math.sqrt(span)), -LARGEST, LARGEST)
        for span in SPANS
    ]
    away = (price - _mean(price, USUAL))[at] / (sigma[at] * math.sqrt(USUAL))
    columns.append(np.clip(away, -LARGEST, LARGEST))
    rougher = np.log(np.maximum(_deviation(steps, ROUGH), LEAST_MOVE)[at] / sigma[at])
    columns.append(np.clip(rougher, -LARGEST, LARGEST))
    columns.append(np.ones(len(at)))
    return Rows(np.column_stack(columns), sigma[at], price[at])


def _mean(values: Floats, span: int) -> Floats:
    """Mean of the last ``span`` values at each place; of fewer before."""
    total = np.concatenate([[0.0], np.cumsum(values)])
    end = np.arange(1, len(values) + 1)
    begin = np.maximum(end - span, 0)
    found: Floats = (total[end] - total[begin]) / (end - begin)
    return found


def _deviation(steps: Floats, span: int) -> Floats:
    """Root mean square of the last ``span`` steps: a drift is not taken out, over so few bars it is noise."""
    found: Floats = np.sqrt(np.maximum(_mean(steps * steps, span), 0.0))
    return found
