"""Finding and counting among the bars at which something is asked for."""

from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.state import Flags


@compiled
def next_set(flags: Flags, first: int, end: int) -> int:
    """The first bar from ``first`` on, before ``end``, at which a flag is set; ``end`` when there is none."""
    for bar in range(first, end):
        if flags[bar]:
            return bar
    return end


@compiled
def count_set(flags: Flags, first: int, end: int) -> int:
    """How many flags are set from ``first`` on, before ``end``."""
    total = 0
    for bar in range(first, end):
        total += flags[bar] != 0
    return total
