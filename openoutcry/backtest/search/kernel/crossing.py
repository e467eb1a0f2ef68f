"""Two lines crossing each other, both ways in one pass: what signals/bars.py says in a dozen."""

import numpy as np

from openoutcry.backtest.kernel.bars import Flags, Floats
from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.signals.bars import ROUNDING


@compiled
def crossings(value: Floats, level: Floats, above: Flags, below: Flags) -> None:
    """Fill in the bars at which ``value`` crosses above ``level``, and those at which it crosses below.

    Lines are unknown (NaN) at their beginning only. Every loop is one that the compiler makes eight or more bars at a time of.
    """
    for bar in range(len(value)):
        apart, least = value[bar] - level[bar], ROUNDING * abs(level[bar])
        above[bar] = apart > least
        below[bar] = -apart > least
    for bar in range(
        len(value) - 1, 0, -1
    ):  # backwards, so that the bar before is still a state and no crossing
        above[bar] &= above[bar - 1] ^ 1
    for bar in range(len(value) - 1, 0, -1):
        below[bar] &= below[bar - 1] ^ 1
    first = 0
    while first < len(value) and np.isnan(value[first] - level[first]):
        first += 1
    above[: first + 1] = 0
    below[: first + 1] = 0
