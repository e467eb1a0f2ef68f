"""The look through a series' columns, in one pass and without temporaries."""

from openoutcry.backtest.kernel.bars import Bars, Floats
from openoutcry.backtest.kernel.compiled import compiled, part


@compiled
def fine(
    bars: Bars, volume: Floats, step: int, lowest: float, highest: float, most: float
) -> tuple[bool, bool]:
    """Whether nothing is wrong, and whether every bar is ``step`` after the one before.

    Times must be a positive multiple of it apart. Every price must lie within the bounds and inside its bar's low and high,
    every volume from 0 to ``most``, one at least above 0. NaN is nowhere. Everything is counted: only so can the
    processor take many bars at once.
    """
    opened, high, low, close = bars.open, bars.high, bars.low, bars.close
    later, earlier, last = bars.timestamp[1:], bars.timestamp[:-1], len(volume) - 1
    good, traded, regular = 0, 0, 0
    for i in range(last):
        good += bar_is_fine(opened[i], high[i], low[i], close[i], lowest, highest)
        good += (volume[i] >= 0.0) & (volume[i] <= most)
        traded += volume[i] > 0.0
        regular += later[i] - earlier[i] == step
    good += bar_is_fine(opened[last], high[last], low[last], close[last], lowest, highest)
    good += (volume[last] >= 0.0) & (volume[last] <= most)
    traded += volume[last] > 0.0
    spaced = regular == last
    if not spaced:
        spaced = True
        for i in range(last):
            apart = later[i] - earlier[i]
            spaced &= apart > 0 and apart % step == 0
    return spaced and good == 2 * len(volume) and traded > 0, regular == last


@part
def bar_is_fine(opened: float, high: float, low: float, close: float, lowest: float, highest: float) -> bool:
    """A bar's prices fit together."""
    return (
        (low >= lowest)
        & (low <= opened)
        & (low <= close)
        & (opened <= high)
        & (close <= high)
        & (high <= highest)
    )
