"""Who tries what next: the trials of one search, in memory or wherever Optuna keeps them."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from openoutcry.backtest.search.dimension import Value
from openoutcry.backtest.search.trial import Trial


class Claim(NamedTuple):
    """A combination to be run now, by whoever claimed it."""

    number: int
    values: dict[str, Value]


class Study(Protocol):
    """The trials of one search."""

    def claim(self, most: int) -> list[Claim]:
        """Up to ``most`` combinations for the caller alone; an empty list when all are taken, though perhaps not finished."""

    def tell(self, trials: Sequence[Trial]) -> None:
        """What claimed combinations came to."""

    def give_back(self, claims: Sequence[Claim], *, lost: bool) -> None:
        """Claims that were not run to the end; someone else may have them. ``lost`` when their process died of one of them."""

    def finished(self) -> bool:
        """Whether every combination was run, or given up after having ended its process again and again."""

    def trials(self) -> list[Trial]:
        """What was run so far, by number."""

    @property
    def wanted(self) -> int:
        """How many combinations there are to run."""

    @property
    def given_up(self) -> int:
        """How many were given up."""


class PlannedStudy:
    """A list of combinations in this process's memory."""

    def __init__(self, plan: Sequence[dict[str, Value]], order: Sequence[int]) -> None:
        self._waiting = [Claim(number, plan[number]) for number in reversed(order)]
        self._plan = plan
        self._lost: dict[int, int] = {}
        self._told: dict[int, Trial] = {}

    def claim(self, most: int) -> list[Claim]:
        """In the order given."""
        return [self._waiting.pop() for _ in range(min(most, len(self._waiting)))]

    def tell(self, trials: Sequence[Trial]) -> None:
        """Keep them."""
        self._told.update({trial.number: trial for trial in trials})

    def give_back(self, claims: Sequence[Claim], *, lost: bool) -> None:
        """Take them back; what was lost three times is given up."""
        for claim in reversed(claims):
            self._lost[claim.number] = self._lost.get(claim.number, 0) + lost
            if self._lost[claim.number] < MOST_LOSSES:
                self._waiting.append(claim)

    def finished(self) -> bool:
        """Nothing waits and nothing is out."""
        return len(self._told) + self.given_up == len(self._plan)

    def trials(self) -> list[Trial]:
        """By number."""
        return [self._told[number] for number in sorted(self._told)]

    @property
    def wanted(self) -> int:
        """All of the plan."""
        return len(self._plan)

    @property
    def given_up(self) -> int:
        """Those lost three times."""
        return sum(count >= MOST_LOSSES for count in self._lost.values())


MOST_LOSSES = 3
"""A combination that ended its process so often is given up."""
