"""One combination that was run, and the order of merit of many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from openoutcry.backtest.search.dimension import Value
from openoutcry.backtest.search.objective import Objective

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """``values`` by dimension. ``score`` is None with a ``reason`` when the run does not count as a candidate; it was a try
    all the same. ``returns`` are per period, the same periods for every trial of a search."""

    number: int
    values: Mapping[str, Value]
    score: float | None
    reason: str
    figures: Mapping[str, float | int | None]
    returns: Floats = field(repr=False)

    @property
    def key(self) -> tuple[Value, ...]:
        """What tells it from other combinations."""
        return tuple(self.values.values())


def ranked(trials: Sequence[Trial], objective: Objective) -> list[Trial]:
    """Those with a score, the best first; equal ones in the order of their numbers."""
    scored = [trial for trial in trials if trial.score is not None]
    sign = -1.0 if objective.greatest else 1.0
    return sorted(scored, key=lambda trial: (sign * (trial.score or 0.0), trial.number))


def different(trials: Sequence[Trial]) -> list[Trial]:
    """Each combination once, by its first trial: a combination that came up again is no second try."""
    seen: dict[tuple[Value, ...], Trial] = {}
    for trial in sorted(trials, key=lambda trial: trial.number):
        seen.setdefault(trial.key, trial)
    return list(seen.values())
