"""Which crash point is planted next: always the one that was met least, in all slices together."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import monotonic

from chaos.kills import BY_ROUND, BY_TRADE

REST_S = 15.0


class Points:
    """Crash points as files in ``folder``: a process that takes one away dies there. ``met`` counts those that were taken.

    Of the points that only rounds pass two wait, one of them for a round that trades. The next one comes up to ``rest_s`` after
    one was taken: a round may have to be begun several times, but not for ever.
    """

    def __init__(self, folder: Path, met: Counter[str], draw: Random, rest_s: float = REST_S) -> None:
        self._folder, self._draw, self._rest_s = folder, draw, rest_s
        self.met = met
        self._waiting: dict[Sequence[str], str] = {}
        self._due: dict[Sequence[str], float] = {}

    def least(self, among: Sequence[str]) -> str:
        """The point that was met least; any of them when there are several."""
        return min(among, key=lambda point: (self.met[point], self._draw.random()))

    def plant(self, point: str) -> Path:
        """Have whoever passes it next die there; the file that is there until then."""
        file = self._folder / point
        file.write_text("1")
        return file

    def tend(self) -> list[str]:
        """The points of rounds that were taken since it was last called; others wait in their places now."""
        taken = self._taken()
        for among in (BY_ROUND, BY_TRADE):
            if among not in self._waiting and monotonic() >= self._due.get(among, 0.0):
                self._waiting[among] = self.least(among)
                self.plant(self._waiting[among])
        return taken

    def clear(self) -> list[str]:
        """Take all away; those of rounds that were taken until then."""
        taken = self._taken()
        self._waiting.clear()
        for file in self._folder.iterdir():
            file.unlink(missing_ok=True)
        return taken

    def _taken(self) -> list[str]:
        taken = [among for among, point in self._waiting.items() if not (self._folder / point).exists()]
        points = [self._waiting.pop(among) for among in taken]
        self.met.update(points)
        self._due |= {among: monotonic() + self._draw.uniform(0.0, self._rest_s) for among in taken}
        return points
