"""Trials that add up over slices: each a line of a kept file, told apart by seed and commit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def read(path: Path) -> list[Row]:
    """The lines that were kept so far; none while there is no file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def append(path: Path, row: Row) -> None:
    """Keep one more line, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as out:
        out.write(json.dumps(row) + "\n")


@dataclass(frozen=True, slots=True)
class Kept:
    """The trials of one figure. ``told`` (seed, commit) goes into every line; lines that tell otherwise are of other runs."""

    path: Path
    told: Row

    def rows(self) -> list[Row]:
        """What was tried so far."""
        return [row for row in read(self.path) if self.told.items() <= row.items()]

    def add(self, row: Row) -> None:
        """Keep one more trial."""
        append(self.path, row | self.told)


def bound(tried: int) -> str:
    """What nothing bad in so many says: never that it cannot happen, only this at 95 %."""
    return f"p < {min(1.0, 3 / tried):.2%}"
