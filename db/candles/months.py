"""A series as month files: what the candle store and the funding store have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from db.candles.errors import CandleFileBroken
from db.candles.folder import FileMark, listing, writing
from db.candles.merging import MergeReport, merged
from db.candles.parquet import Arrays, read_facts, read_month, write_month
from openoutcry.errors import BadInput
from openoutcry.types.timeframes import from_millis

READ_ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class Coverage:
    """What is stored of a series: first and last open time, rows, holes, and the bars missing in them."""

    first: datetime
    last: datetime
    rows: int
    gaps: int
    missing: int


def month_of(stamp_ms: int) -> str:
    """Calendar month of a UTC timestamp: ``2024-01``."""
    return str(np.datetime64(stamp_ms, "ms").astype("datetime64[M]"))


def nothing(names: Sequence[str]) -> Arrays:
    """Columns without rows."""
    return tuple(np.empty(0, dtype=np.int64 if i == 0 else np.float64) for i in range(len(names)))


def joined(parts: Sequence[Arrays], names: Sequence[str]) -> Arrays:
    """Rows of consecutive parts, one after another."""
    if not parts:
        return nothing(names)
    if len(parts) == 1:
        return parts[0]
    return tuple(np.concatenate(columns) for columns in zip(*parts, strict=True))


class MonthFiles:
    """The month files of one series: names of its columns, ``timestamp`` first, and its bar length if any."""

    def __init__(self, folder: Path, names: Sequence[str], step_ms: int | None) -> None:
        self.folder = folder
        self.names = tuple(names)
        self.step_ms = step_ms

    def read(self, first_ms: int, last_ms: int) -> Arrays:
        """Rows with ``first_ms <= timestamp <= last_ms``. Raises CandleFileBroken."""
        first, last = month_of(first_ms), month_of(last_ms)
        for _ in range(READ_ATTEMPTS):
            months = listing(self.folder)
            wanted = [mark.path for month, mark in months.items() if first <= month <= last]
            try:
                parts = [read_month(path, self.names) for path in wanted]
            except FileNotFoundError:  # a writer moved it between the listing and the reading
                continue
            if listing(self.folder) == months:
                rows = joined(parts, self.names)
                lo, hi = np.searchsorted(rows[0], [first_ms, last_ms + 1])
                return tuple(column[lo:hi] for column in rows)
        raise CandleFileBroken(self.folder, "its files keep changing while they are read")

    def merge(self, arrays: Arrays, *, replace: bool) -> MergeReport:
        """Add ascending rows, all or (on any error) none. Raises BadInput, CandleFileBroken or StoreBusy."""
        report = MergeReport()
        if not len(arrays[0]):
            return report
        if not (np.diff(arrays[0]) > 0).all():
            raise BadInput("timestamp: rows must ascend in time", field="timestamp")
        with writing(self.folder) as staging:
            months = listing(self.folder)
            for month, part in _by_month(arrays):
                rows, done = merged(self._stored(months.get(month)), part, replace=replace)
                if done.added or done.replaced:
                    write_month(staging / f"{month}.parquet", self.names, rows, self.step_ms)
                report += done
        return report

    def coverage(self) -> Coverage | None:
        """From the footers alone; None when nothing is stored. Raises CandleFileBroken."""
        for _ in range(READ_ATTEMPTS):
            try:
                facts = [read_facts(mark.path) for mark in listing(self.folder).values()]
            except FileNotFoundError:
                continue
            break
        else:
            raise CandleFileBroken(self.folder, "its files keep changing while they are read")
        if not facts:
            return None
        outages, missing = sum(f.outages for f in facts), sum(f.missing for f in facts)
        for before, after in pairwise(facts):
            hole = 0 if self.step_ms is None else (after.first - before.last) // self.step_ms - 1
            outages, missing = outages + (hole > 0), missing + hole
        rows = sum(f.rows for f in facts)
        return Coverage(from_millis(facts[0].first), from_millis(facts[-1].last), rows, outages, missing)

    def _stored(self, mark: FileMark | None) -> Arrays:
        return nothing(self.names) if mark is None else read_month(mark.path, self.names)


def _by_month(arrays: Arrays) -> list[tuple[str, Arrays]]:
    months = arrays[0].astype("datetime64[ms]").astype("datetime64[M]")
    starts = [0, *(np.flatnonzero(months[1:] != months[:-1]) + 1), len(months)]
    return [(str(months[lo]), tuple(column[lo:hi] for column in arrays)) for lo, hi in pairwise(starts)]
