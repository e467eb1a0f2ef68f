"""How long something takes, on a machine that does other things too."""

from collections.abc import Callable, Mapping
from time import thread_time


def least(work: Callable[[], object], repeats: int) -> float:
    """CPU milliseconds of the fastest of so many runs."""
    return side_by_side({"": work}, repeats)[""]


def side_by_side(works: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, float]:
    """The same of several, taken in turns, so that a busy minute of the machine falls on all of them."""
    times = {name: float("inf") for name in works}
    for _ in range(repeats):
        for name, work in works.items():
            began = thread_time()
            work()
            times[name] = min(times[name], thread_time() - began)
    return {name: round(seconds * 1000, 2) for name, seconds in times.items()}
