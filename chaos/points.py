"""Which crash point is planted next: always the one that was met least, in all slices together."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random

from chaos.kills import BY_ROUND, BY_TRADE


class Points:
    """Crash points as files in ``folder``: a process that takes one away dies there. ``met`` counts those that were taken.

    Of the points that only rounds pass two wait at any time, one of them for a round that trades; the next one waits as soon
    as one was taken, so that a round may have to be begun several times.
    """

    def __init__(self, folder: Path, met: Counter[str], draw: Random) -> None:
        self._folder, self._draw = folder, draw
        self.met = met
        self._waiting: dict[Sequence[str], str] = {}

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
        taken = [point for point in self._waiting.values() if not (self._folder / point).exists()]
        self.met.update(taken)
        for among in (BY_ROUND, BY_TRADE):
            if self._waiting.get(among) in (None, *taken):
                self._waiting[among] = self.least(among)
                self.plant(self._waiting[among])
        return taken

    def clear(self) -> list[str]:
        """Take all away; those of rounds that were taken until then."""
        taken = [point for point in self._waiting.values() if not (self._folder / point).exists()]
        self.met.update(taken)
        self._waiting.clear()
        for file in self._folder.iterdir():
            file.unlink(missing_ok=True)
        return taken
