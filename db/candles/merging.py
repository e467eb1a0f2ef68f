"""Merging rows into stored ones: new times are added, equal rows change nothing, others need permission."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from db.candles.errors import RowsConflict
from db.candles.parquet import Arrays
from openoutcry.types.timeframes import from_millis


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did: rows that are new, were there already, or took the place of different ones."""

    added: int = 0
    equal: int = 0
    replaced: int = 0

    def __add__(self, other: "MergeReport") -> "MergeReport":
        return MergeReport(self.added + other.added, self.equal + other.equal, self.replaced + other.replaced)


def merged(stored: Arrays, given: Arrays, *, replace: bool) -> tuple[Arrays, MergeReport]:
    """Rows of both, ascending by time as both are. Raises RowsConflict naming the first different row."""
    spot = np.searchsorted(stored[0], given[0])
    inside = spot < len(stored[0])
    known = np.zeros(len(given[0]), dtype=bool)
    known[inside] = stored[0][spot[inside]] == given[0][inside]
    differs = known.copy()
    differs[known] = _differ(stored, spot[known], given, known)
    if differs.any() and not replace:
        row = int(np.flatnonzero(differs)[0])
        raise RowsConflict(
            f"rows differ from the stored ones, the first at "
            f"{from_millis(int(given[0][row])):%Y-%m-%d %H:%M} (stored {_values(stored, int(spot[row]))}, "
            f"given {_values(given, row)}); --replace takes the given ones",
            field="file",
        )
    keep = np.ones(len(stored[0]), dtype=bool)
    keep[spot[differs]] = False
    taken = ~known | differs
    both = [np.concatenate([old[keep], new[taken]]) for old, new in zip(stored, given, strict=True)]
    order = np.argsort(both[0], kind="stable")
    arrays = tuple(column[order] for column in both)
    added, replaced = int((~known).sum()), int(differs.sum())
    return arrays, MergeReport(added, len(given[0]) - added - replaced, replaced)


def _differ(stored: Arrays, rows: NDArray[Any], given: Arrays, known: NDArray[Any]) -> NDArray[np.bool_]:
    out = np.zeros(len(rows), dtype=bool)
    for old, new in zip(stored[1:], given[1:], strict=True):
        out |= old[rows] != new[known]
    return out


def _values(arrays: Arrays, row: int) -> str:
    return ", ".join(f"{float(column[row]):g}" for column in arrays[1:])
