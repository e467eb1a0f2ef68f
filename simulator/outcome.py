"""What is told of one seed: all that a process needs which does not run any itself."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a seed went. ``violation`` is None when every invariant held."""

    seed: int
    digest: str
    events: int
    faults: dict[str, int]
    rounds: int
    orders: int
    trades: int
    violation: str | None
    lines: tuple[str, ...] = ()
