"""Returns by calendar month and year."""

from collections.abc import Mapping

import numpy as np

from openoutcry.market.candles import Floats, Stamps


def monthly(times: Stamps, equity: Floats, start: float) -> Mapping[int, Mapping[int, float]]:
    """Year → month (1 to 12; 0 is the whole year) → return. ``times`` are closes (UTC ms); months without one are not there."""
    months = (times - 1).astype("datetime64[ms]").astype("datetime64[M]").astype(np.int64)
    last = np.flatnonzero(np.concatenate([months[1:] != months[:-1], [True]])) if len(months) else months
    found: dict[int, dict[int, float]] = {}
    before, year_before = start, start
    for row in last.tolist():
        year, month = divmod(int(months[row]), 12)
        year, now = year + 1970, float(equity[row])
        if year not in found:
            year_before = before
        found.setdefault(year, {})[month + 1] = _gain(now, before)
        found[year][0] = _gain(now, year_before)
        before = now
    return found


def _gain(now: float, before: float) -> float:
    return now / before - 1.0 if before > 0 else 0.0
