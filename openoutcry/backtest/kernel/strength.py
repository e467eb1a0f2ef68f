"""Signals of the RSI in one pass over the closes, without the RSI itself.

Wilder's averages are not TA-Lib's to the last bit, so a bar at which the RSI lies within ``GUARD`` of the threshold is
left undecided: the caller then asks ``openoutcry.signals``.
"""

from openoutcry.backtest.kernel.bars import Flags, Floats
from openoutcry.backtest.kernel.compiled import fused

GUARD = 1e-8
"""Of the RSI's 0–100; both ways of computing it agree far more closely."""
STILL = 1e-11
"""Average moves smaller than this in all are left undecided too: TA-Lib takes such for none."""
BELOW, ABOVE, CROSS_DOWN, CROSS_UP = range(4)


@fused
def rsi_flags(close: Floats, window: int, threshold: float, kind: int, flags: Flags) -> bool:
    """Set the bars at which the RSI is on one side of the threshold or crosses to it, from bar ``window`` on; the array
    begins as zeros. False when a bar was too near to tell."""
    gain, loss, sure = 0.0, 0.0, True
    part, rest = 1.0 / window, 1.0 - 1.0 / window
    low, high = (threshold - GUARD) / 100.0, (threshold + GUARD) / 100.0
    above = kind in (ABOVE, CROSS_UP)
    crossing, before = kind in (CROSS_DOWN, CROSS_UP), True
    for bar in range(1, len(close)):
        move = close[bar] - close[bar - 1]
        gain = gain * rest + part * max(move, 0.0)
        loss = loss * rest + part * max(-move, 0.0)
        total = gain + loss
        under, over = gain < low * total, gain > high * total
        now = over if above else under
        if bar >= window - 1:
            sure &= (under or over) and total > STILL
            if bar >= window:
                flags[bar] = now and not (crossing and before)
            before = now
    return sure
