"""Finding and counting among the bars at which something is asked for."""

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.kernel.bars import Flags
from openoutcry.backtest.kernel.compiled import part

Words = NDArray[np.uint64]


@part
def words_of(flags: Flags) -> Words:
    """The same flags, eight at a time, without the last few that fill no word."""
    return flags[: len(flags) // 8 * 8].view(np.uint64)


@part
def next_set(flags: Flags, words: Words, first: int, end: int) -> int:
    """The first bar from ``first`` on, before ``end``, at which a flag is set; ``end`` when there is none."""
    bar = first
    while bar < end and bar & 7:
        if flags[bar]:
            return bar
        bar += 1
    word = bar >> 3
    while word < end >> 3 and words[word] == 0:
        word += 1
    for i in range(max(bar, word << 3), end):
        if flags[i]:
            return i
    return end


@part
def count_set(flags: Flags, first: int, end: int) -> int:
    """How many flags are set from ``first`` on, before ``end``."""
    total = 0
    for bar in range(first, end):
        total += flags[bar] != 0
    return total
