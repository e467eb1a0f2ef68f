"""Wilder's average true range, as it sets stops."""

import numpy as np

from openoutcry.backtest.kernel.bars import Bars, Floats, Ints
from openoutcry.backtest.kernel.compiled import compiled


@compiled
def wilder_atr(bars: Bars, period: int, out: Floats) -> None:
    """Average true range at each bar: the mean of the first ``period`` ones (from the second bar on), then Wilder's."""
    high, low, close = bars.high, bars.low, bars.close
    for i in range(min(period, len(out))):
        out[i] = np.nan
    if len(close) <= period:
        return
    before, above, under, later = close[:-1], high[1:], low[1:], out[1:]
    mean, rest, part = 0.0, 1.0 - 1.0 / period, 1.0 / period
    for i in range(period):
        mean += (max(above[i], before[i]) - min(under[i], before[i])) * part
    later[period - 1] = mean
    for i in range(period, len(before)):
        mean = mean * rest + (max(above[i], before[i]) - min(under[i], before[i])) * part
        later[i] = mean


@compiled
def blend(out: Floats, weights: tuple[float, float, float], day_ends: Ints, days: Floats) -> None:
    """Make of ATRs min(short × ATR + long × ATR of days, cap × ATR), in place; ``weights`` are short, long and cap.

    ``days`` are the daily ATRs and ``day_ends`` the bars at whose close each became known, ascending; NaN before.
    """
    short, long, cap = weights
    for i in range(min(day_ends[0], len(out)) if len(day_ends) else len(out)):
        out[i] = np.nan
    for k in range(len(day_ends)):
        daily = long * days[k]
        for i in range(day_ends[k], day_ends[k + 1] if k + 1 < len(day_ends) else len(out)):
            out[i] = min(short * out[i] + daily, cap * out[i])
