"""Finding and counting among the bars at which something is asked for."""

import numpy as np
from numpy.typing import NDArray

from openoutcry.backtest.kernel.bars import Flags
from openoutcry.backtest.kernel.compiled import part

Words = NDArray[np.uint64]
ZERO, ONE, EVERY = np.uint64(0), np.uint64(1), np.uint64(2**64 - 1)
PLACES = np.uint64(0x0001020304050607)


@part
def words_of(flags: Flags) -> Words:
    """The same flags, eight at a time, without the last few that fill no word."""
    return flags[: len(flags) // 8 * 8].view(np.uint64)


@part
def next_set(flags: Flags, words: Words, first: int, end: int) -> int:
    """The first bar from ``first`` on, before ``end``, at which a flag is set; ``end`` when there is none.

    Flags are 0 or 1. A word's lowest set byte, times PLACES, has that byte's number at the top.
    """
    word = first >> 3
    if word < len(words):
        left = words[word] & (EVERY << np.uint64(8 * (first & 7)))
        while left == ZERO and word + 1 < len(words):
            word += 1
            left = words[word]
        if left != ZERO:
            lowest = left & (~left + ONE)
            found = 8 * word + int((lowest * PLACES) >> np.uint64(56))
            return found if found < end else end
    for bar in range(max(first, 8 * len(words)), end):
        if flags[bar]:
            return bar
    return end


@part
def count_set(flags: Flags, first: int, end: int) -> int:
    """How many flags are set from ``first`` on, before ``end``."""
    total = 0
    for bar in range(first, end):
        total += flags[bar] != 0
    return total
