"""Numbers on their way out: finite or null, and null with a reason."""

import math

from openoutcry.indicators.catalogue import Request
from openoutcry.indicators.line import Array


def number(column: Array, at: int) -> float | None:
    """One value of a column; None where there is none or it is not finite."""
    if not -len(column) <= at < len(column):
        return None
    value = float(column[at])
    return value if math.isfinite(value) else None


def missing_note(request: Request, bars: int) -> str:
    """Why an indicator has no value at the last of ``bars`` bars."""
    if bars < request.bars:
        return f"too little history: needs {request.bars} bars, there are {bars}"
    return "undefined for this input"
