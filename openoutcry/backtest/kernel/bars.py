"""Columns as the compiled loops take them."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.uint8]


def sealed(column: NDArray[Any]) -> NDArray[Any]:
    """The column, not to be written to and without gaps: the loops are compiled for that kind, once."""
    if column.flags.writeable or not column.flags.c_contiguous:
        column = np.ascontiguousarray(column).view()
        column.flags.writeable = False
    return column


class Bars(NamedTuple):
    """Columns of the series; ``timestamp`` is the open time (UTC ms)."""

    timestamp: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
