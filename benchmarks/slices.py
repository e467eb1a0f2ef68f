"""Trials that add up over slices: each a line of a kept file, told apart by seed and commit."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Kept:
    """The trials of one figure. ``told`` (seed, commit) goes into every line; lines that tell otherwise are of other runs."""

    path: Path
    told: Row

    def rows(self) -> list[Row]:
        """What was tried so far."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [row for line in lines if self.told.items() <= (row := json.loads(line)).items()]

    def add(self, row: Row) -> None:
        """Keep one more trial."""
        self.path.parent.mkdir(exist_ok=True)
        with self.path.open("a") as out:
            out.write(json.dumps(row | self.told) + "\n")


def bound(tried: int) -> str:
    """What nothing bad in so many says: never that it cannot happen, only this at 95 %."""
    return f"p < {min(1.0, 3 / tried):.2%}"
