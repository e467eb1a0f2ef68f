"""Every seed in two processes whose hashes differ: the logs must be the same, byte for byte."""

import multiprocessing
import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from multiprocessing.pool import Pool
from time import monotonic

from simulator.apart import lived, ready
from simulator.outcome import Outcome

HASH_SEEDS = ("1", "77")
"""What PYTHONHASHSEED is in either process: sets and dictionaries of strings have another order in each."""
VARIABLE = "PYTHONHASHSEED"
WORD = "outcry"


def pairs(seeds: Sequence[int], seconds: float | None = None) -> Iterator[tuple[Outcome, Outcome]]:
    """Both outcomes of each seed, in order; after ``seconds`` no further one is begun.

    Raises RuntimeError when the two processes do not hash differently: then equal logs would say nothing.
    """
    end = None if seconds is None else monotonic() + seconds
    with ExitStack() as stack:
        one, other = (stack.enter_context(_process(hash_seed)) for hash_seed in HASH_SEEDS)
        if one.apply(hash, (WORD,)) == other.apply(hash, (WORD,)):
            raise RuntimeError("both processes hash alike")
        for seed in seeds:
            if end is not None and monotonic() > end:
                return
            first, second = one.apply_async(lived, (seed,)), other.apply_async(lived, (seed,))
            yield first.get(), second.get()


@contextmanager
def _process(hash_seed: str) -> Iterator[Pool]:
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = hash_seed  # of the process that is started, not of this one
    try:
        pool = multiprocessing.get_context("spawn").Pool(1, initializer=ready)
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before
    with pool:
        yield pool
