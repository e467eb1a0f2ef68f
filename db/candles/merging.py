"""Merging rows into stored ones: new times are added, equal rows change nothing, others need permission."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from db.candles.errors import RowsConflict
from db.candles.parquet import Arrays
from openoutcry.types.timeframes import from_millis

Differing = Literal["refuse", "replace", "keep"]
"""What to do with given rows that differ from stored ones: refuse all, let the given or let the stored ones stand."""
MOST_CHANGES = 20
SAME_PAYMENT_MS = 60_000


@dataclass(frozen=True, slots=True)
class Change:
    """A stored row and the different one given for its time, values in column order."""

    at: datetime
    stored: tuple[float, ...]
    given: tuple[float, ...]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} (stored {_values(self.stored)}, given {_values(self.given)})"


@dataclass(frozen=True, slots=True)
class MergeReport:
    """What a merge did: rows that are new, were there already, took the place of different ones, or had to yield.

    ``changes`` are the first 20 rows that differ, whichever was kept.
    """

    added: int = 0
    equal: int = 0
    replaced: int = 0
    kept: int = 0
    changes: tuple[Change, ...] = field(default=(), compare=False)

    def __add__(self, other: "MergeReport") -> "MergeReport":
        return MergeReport(
            self.added + other.added,
            self.equal + other.equal,
            self.replaced + other.replaced,
            self.kept + other.kept,
            (self.changes + other.changes)[:MOST_CHANGES],
        )


def merged(stored: Arrays, given: Arrays, differing: Differing) -> tuple[Arrays, MergeReport]:
    """Rows of both, ascending by time as both are. Raises RowsConflict naming the first different row."""
    spot = np.searchsorted(stored[0], given[0])
    inside = spot < len(stored[0])
    known = np.zeros(len(given[0]), dtype=bool)
    known[inside] = stored[0][spot[inside]] == given[0][inside]
    differs = known.copy()
    differs[known] = _differ(stored, spot[known], given, known)
    changes = _changes(stored, spot, given, differs)
    if changes and differing == "refuse":
        raise RowsConflict(
            f"rows differ from the stored ones, the first at {changes[0]}; --replace takes the given ones",
            field="file",
        )
    added, different = int((~known).sum()), len(np.flatnonzero(differs))
    report = MergeReport(
        added,
        len(given[0]) - added - different,
        different if differing == "replace" else 0,
        different if differing == "keep" else 0,
        changes,
    )
    yielding = differs if differing == "replace" else np.zeros_like(differs)
    keep = np.ones(len(stored[0]), dtype=bool)
    keep[spot[yielding]] = False
    taken = ~known | yielding
    both = [np.concatenate([old[keep], new[taken]]) for old, new in zip(stored, given, strict=True)]
    order = np.argsort(both[0], kind="stable")
    return tuple(column[order] for column in both), report


def same_payments(stored: Arrays, given: Arrays) -> Arrays:
    """The given funding rows, with the stored time of a payment where they have it a moment later or earlier.

    Exchanges and their archives stamp one payment a few milliseconds apart.
    """
    if not len(stored[0]) or not len(given[0]):
        return given
    last = len(stored[0]) - 1
    right = np.searchsorted(stored[0], given[0]).clip(0, last)
    left = (right - 1).clip(0, last)
    nearer = np.where(np.abs(stored[0][left] - given[0]) <= np.abs(stored[0][right] - given[0]), left, right)
    known = stored[0][nearer]
    stamps = np.where(np.abs(known - given[0]) <= SAME_PAYMENT_MS, known, given[0])
    return (stamps, *given[1:]) if (np.diff(stamps) > 0).all() else given


def _differ(stored: Arrays, rows: NDArray[Any], given: Arrays, known: NDArray[Any]) -> NDArray[np.bool_]:
    out = np.zeros(len(rows), dtype=bool)
    for old, new in zip(stored[1:], given[1:], strict=True):
        out |= old[rows] != new[known]
    return out


def _changes(
    stored: Arrays, spot: NDArray[Any], given: Arrays, differs: NDArray[np.bool_]
) -> tuple[Change, ...]:
    return tuple(
        Change(
            from_millis(int(given[0][row])),
            tuple(float(column[spot[row]]) for column in stored[1:]),
            tuple(float(column[row]) for column in given[1:]),
        )
        for row in np.flatnonzero(differs)[:MOST_CHANGES]
    )


def _values(row: tuple[float, ...]) -> str:
    return ", ".join(f"{value:g}" for value in row)
