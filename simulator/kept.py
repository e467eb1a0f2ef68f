"""Outcomes kept in a file, so that many seeds can be run in slices: one line of JSON each, after a first line with the commit."""

import json
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from openoutcry.errors import BadInput
from simulator.outcome import Outcome

DIRTY = "-dirty"


class Kept:
    """The outcomes in a file, of one commit. Raises BadInput when the file is another commit's, or no such file at all."""

    def __init__(self, path: Path, commit: str) -> None:
        self._path, self._commit = path, commit
        self.outcomes: dict[int, Outcome] = {}
        if commit == "unknown" or commit.endswith(DIRTY):
            raise BadInput(f"resume: outcomes are kept of a commit, this tree is {commit}", field="resume")
        if path.exists():
            self._read(path.read_text(encoding="utf-8"))
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps({"commit": commit}) + "\n", encoding="utf-8")

    def missing(self, first: int, last: int) -> list[int]:
        """Seeds of that range that have not been run."""
        return [seed for seed in range(first, last + 1) if seed not in self.outcomes]

    def among(self, first: int, last: int) -> Iterator[Outcome]:
        """What is kept of that range, in the order of the seeds."""
        yield from (self.outcomes[seed] for seed in sorted(self.outcomes) if first <= seed <= last)

    def add(self, outcome: Outcome) -> None:
        """Keep one more."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(outcome)) + "\n")
        self.outcomes[outcome.seed] = outcome

    def _read(self, text: str) -> None:
        whole, _, rest = text.rpartition("\n")
        if rest:  # it was killed while it wrote this line
            self._path.write_text(whole + "\n", encoding="utf-8")
        try:
            head, *lines = whole.split("\n")
            theirs = json.loads(head)["commit"]
            self.outcomes = {found.seed: found for found in map(_outcome, lines)}
        except (ValueError, KeyError, TypeError) as error:
            raise BadInput(f"resume: {self._path} does not hold outcomes: {error}", field="resume") from error
        if theirs != self._commit:
            raise BadInput(
                f"resume: {self._path} is of commit {theirs}, this is {self._commit}", field="resume"
            )


def _outcome(line: str) -> Outcome:
    given: dict[str, Any] = json.loads(line)
    found = Outcome(**{field.name: given[field.name] for field in fields(Outcome)})
    if type(found.seed) is not int:
        raise TypeError(f"seed {found.seed!r}")
    return found
