"""How long something takes, on a machine that does other things too."""

from collections.abc import Callable
from time import thread_time


def least(work: Callable[[], object], repeats: int) -> float:
    """CPU milliseconds of the fastest of so many runs."""
    times = []
    for _ in range(repeats):
        began = thread_time()
        work()
        times.append(thread_time() - began)
    return round(min(times) * 1000, 2)
