"""Signals of simple averages in one pass over the closes, without the averages themselves.

The sums are TA-Lib's, value by value, so that every comparison falls as it does in ``openoutcry.signals``: it is made with
reciprocals, and where that is too near to tell, with the very divisions.
"""

from openoutcry.backtest.kernel.bars import Flags, Floats
from openoutcry.backtest.kernel.compiled import compiled, part

ROUNDING = 1e-12
"""As in openoutcry.signals.bars: nearer than this share of the level is the level."""
NEAR = 1e-11
UNKNOWN = 2


@part
def compared(value: float, level: float) -> int:
    """1 above the level, −1 below it, 0 at it, as ``above`` and ``below`` of openoutcry.signals.bars say."""
    if value - level > ROUNDING * abs(level):
        return 1
    return -1 if level - value > ROUNDING * abs(level) else 0


@compiled
def sma_crossings(close: Floats, fast: int, slow: int, ups: Flags, downs: Flags) -> None:
    """Set the bars at which the fast average crosses above and below the slow one; both arrays begin as zeros."""
    head = max(fast, slow) - 1
    a, b = sma_sum(close, fast, head), sma_sum(close, slow, head)
    surely_above, surely_below, before = fast / slow * (1.0 + NEAR), fast / slow * (1.0 - NEAR), UNKNOWN
    new, old_fast, old_slow = close[head:], close[head - fast + 1 :], close[head - slow + 1 :]
    up, down = ups[head:], downs[head:]
    for i in range(len(new)):
        a += new[i]
        b += new[i]
        stays = (a > b * surely_above) if before == 1 else (before == -1 and a < b * surely_below)
        if not stays:
            now = compared(a / fast, b / slow)
            if now != before and before != UNKNOWN:
                up[i], down[i] = now == 1, now == -1
            before = now
        a -= old_fast[i]
        b -= old_slow[i]


@compiled
def sma_states(close: Floats, window: int, over: Flags) -> None:
    """Set the bars whose close lies above its average; the array begins as zeros."""
    total, per, head = sma_sum(close, window, window - 1), 1.0 / window, window - 1
    new, flags = close[head:], over[head:]
    for i in range(len(new)):
        total += new[i]
        level = total * per
        difference, near = new[i] - level, NEAR * level
        now = difference > near
        if abs(difference) <= near:
            now = compared(new[i], total / window) == 1
        flags[i] = now
        total -= close[i]


@part
def sma_sum(close: Floats, window: int, bar: int) -> float:
    """The sum of the ``window - 1`` closes before ``bar``, added and taken off one by one from the first bar on."""
    total = 0.0
    for i in range(min(bar, len(close))):
        total += close[i]
        if i >= window - 1:
            total -= close[i - window + 1]
    return total
