"""Columns as the compiled loops take them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]


class Bars(NamedTuple):
    """Columns of the series; ``timestamp`` is the open time (UTC ms)."""

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
