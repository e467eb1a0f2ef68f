"""Seeded chance, one independent stream per purpose, and the account of every fault that happened."""

from collections import Counter
from random import Random

from simulator.engine.log import EventLog


class Chance:
    """Draws of one run. ``rates`` are probabilities per occasion; after ``calm`` nothing goes wrong any more."""

    def __init__(self, seed: int, log: EventLog, rates: dict[str, float]) -> None:
        self._seed, self.log, self._rates = seed, log, rates
        self._streams: dict[str, Random] = {}
        self.armed: Counter[str] = Counter()
        self.happened: Counter[str] = Counter()
        self.calm = False

    def stream(self, purpose: str) -> Random:
        """The stream of one purpose."""
        found = self._streams.get(purpose)
        if found is None:
            found = self._streams[purpose] = Random(f"{self._seed}/{purpose}")
        return found

    def arm(self, kind: str) -> None:
        """The next occasion for ``kind`` is taken."""
        self.armed[kind] += 1

    def strikes(self, kind: str, **facts: object) -> bool:
        """Whether the fault happens on this occasion; noted when it does."""
        if self.calm:
            return False
        rate = self._rates.get(kind)
        drawn = rate is not None and rate > 0 and self.stream(kind).random() < rate
        if kind in self.armed:
            self.armed[kind] -= 1
            self.armed += Counter()  # forgets what has come to nought
        elif not drawn:
            return False
        self.note(kind, **facts)
        return True

    def note(self, kind: str, **facts: object) -> None:
        """A fault happened."""
        self.happened[kind] += 1
        self.log.note("fault", fault=kind, **facts)
