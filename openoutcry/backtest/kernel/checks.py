"""The look through a series' columns, in one pass and without temporaries."""

from openoutcry.backtest.kernel.bars import Bars, Floats
from openoutcry.backtest.kernel.compiled import compiled


@compiled
def fine(bars: Bars, volume: Floats, lowest: float, highest: float, most: float) -> bool:
    """True when every price lies within the bounds and inside its bar's low and high, and every volume from 0 to ``most``,
    one at least above 0. NaN is nowhere."""
    bad, traded = False, 0.0
    for i in range(len(volume)):
        first, close, low, high = bars.open[i], bars.close[i], bars.low[i], bars.high[i]
        bad |= not (
            (low >= lowest)
            & (low <= first)
            & (low <= close)
            & (first <= high)
            & (close <= high)
            & (high <= highest)
            & (volume[i] >= 0.0)
            & (volume[i] <= most)
        )
        traded = max(traded, volume[i])
    return not bad and traded > 0.0


@compiled
def spacing(bars: Bars, step: int) -> tuple[bool, bool]:
    """Whether all bars are ``step`` apart, and whether all are a positive multiple of it."""
    later, earlier = bars.timestamp[1:], bars.timestamp[:-1]
    irregular = False
    for i in range(len(later)):
        irregular |= later[i] - earlier[i] != step
    if not irregular:
        return True, True
    for i in range(len(later)):
        apart = later[i] - earlier[i]
        if apart <= 0 or apart % step:
            return False, False
    return False, True
