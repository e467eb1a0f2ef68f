"""The trend of a longer bar, as far as those bars have closed."""

from typing import Annotated, Literal

import numpy as np

from openoutcry.indicators.line import Array, Mask
from openoutcry.indicators.rolling import mean_so_far
from openoutcry.indicators.smoothing import ema
from openoutcry.signals.bars import Bars
from openoutcry.signals.declare import Range, state

TREND = "trend"
DAY_MS = 86_400_000
MONDAY_MS = 4 * DAY_MS
"""The Unix epoch was a Thursday; weeks begin on Monday, 4 January 1970 being one."""
LENGTHS = {
    "1h": DAY_MS // 24,
    "4h": DAY_MS // 6,
    "12h": DAY_MS // 2,
    "1D": DAY_MS,
    "3D": 3 * DAY_MS,
    "1W": 7 * DAY_MS,
}
HigherTimeframe = Literal["1h", "4h", "12h", "1D", "3D", "1W"]


def _trend(bars: Bars, higher_tf: str, window: int, slope_threshold: float) -> Array:
    """1, 0 or −1 at each bar: the slope of the EMA over the longer bars that had closed by then; NaN where unknown."""
    count = len(bars)
    if bars.timestamp is None or count < 2:
        return np.full(count, np.nan)
    step = int(np.diff(bars.timestamp).min())
    length, origin = LENGTHS[higher_tf], MONDAY_MS if higher_tf == "1W" else 0
    closed_at = bars.timestamp + step
    group = (bars.timestamp - origin) // length
    done = (closed_at - origin) // length  # groups below this one have closed
    last = np.flatnonzero(np.append(group[1:] != group[:-1], True))
    smooth = ema(bars.close[last], window, from_first=True)
    slope = np.append(np.nan, np.diff(smooth))
    size = mean_so_far(np.abs(np.nan_to_num(smooth)), window) if len(last) >= window else np.abs(smooth)
    relative = slope / np.where(size > 0, size, np.nan)
    direction = np.where(np.isnan(relative), np.nan, np.sign(relative) * (np.abs(relative) > slope_threshold))
    at = np.searchsorted(group[last], done) - 1
    return np.where(at >= 0, direction[np.maximum(at, 0)], np.nan)


@state(TREND, "C", needs=lambda higher_tf, window, slope_threshold: 2, set="extended")
def multi_tf_trend_bullish(
    bars: Bars,
    higher_tf: HigherTimeframe = "1W",
    window: Annotated[int, Range(2, 100)] = 10,
    slope_threshold: Annotated[float, Range(0, 0.5)] = 0.0,
) -> Mask:
    """The longer bars' EMA rises, by more than the threshold (a fraction of its size). False without timestamps."""
    return np.asarray(_trend(bars, higher_tf, window, slope_threshold) == 1)


@state(TREND, "C", needs=lambda higher_tf, window, slope_threshold: 2, set="extended")
def multi_tf_trend_bearish(
    bars: Bars,
    higher_tf: HigherTimeframe = "1W",
    window: Annotated[int, Range(2, 100)] = 10,
    slope_threshold: Annotated[float, Range(0, 0.5)] = 0.0,
) -> Mask:
    """The longer bars' EMA falls, by more than the threshold (a fraction of its size). False without timestamps."""
    return np.asarray(_trend(bars, higher_tf, window, slope_threshold) == -1)
