"""A series as month files: what the candle store and the funding store have in common."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import numpy as np

from db.candles.errors import CandleFileBroken
from db.candles.folder import FileMark, listing, writing
from db.candles.merging import Differing, MergeReport, merged, same_payments
from db.candles.parquet import Arrays, OpenMonth, facts_of, read_facts, read_month, write_month
from openoutcry.errors import BadInput
from openoutcry.market.spans import Span, spans_of, union, within
from openoutcry.types.timeframes import from_millis

READ_ATTEMPTS = 20
FUNDING_STEP_MS, FUNDING_SLACK_MS = 8 * 3_600_000, 600_000
"""Funding is paid at least every eight hours, give or take: rows further apart have a hole between them."""


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


def month_span(month: str) -> Span:
    """The time a month covers."""
    first = np.datetime64(month, "M")
    start, end = (int(at.astype("datetime64[ms]").astype(np.int64)) for at in (first, first + 1))
    return Span(start, end)


def nothing(names: Sequence[str]) -> Arrays:
    """Columns without rows."""
    return tuple(np.empty(0, dtype=np.int64 if i == 0 else np.float64) for i in range(len(names)))


class MonthFiles:
    """The month files of one series: names of its columns, ``timestamp`` first, and its bar length if any."""

    def __init__(self, folder: Path, names: Sequence[str], step_ms: int | None) -> None:
        self.folder = folder
        self.names = tuple(names)
        self.step_ms = step_ms

    def read(self, first_ms: int, last_ms: int) -> Arrays:
        """Rows with ``first_ms <= timestamp <= last_ms``. Raises CandleFileBroken."""
        rows = self._rows(self._opened(month_of(first_ms), month_of(last_ms)))
        lo, hi = np.searchsorted(rows[0], [first_ms, last_ms + 1])
        return tuple(column[lo:hi] for column in rows)

    def spans(self, bounds: Span) -> list[Span]:
        """The stretches that are stored without a hole. Raises CandleFileBroken."""
        months = self._opened(month_of(bounds.start), month_of(bounds.end - 1))
        if self.step_ms is None:
            found = spans_of(self._rows(months)[0], FUNDING_STEP_MS, FUNDING_SLACK_MS)
        else:
            found = [span for month in months for span in _spans(month, self.step_ms)]
        return within(union(found), bounds)

    def merge(self, arrays: Arrays, differing: Differing) -> MergeReport:
        """Add ascending rows, all or (on any error) none.

        Raises BadInput, CandleFileBroken, StoreBusy or StoreFailed.
        """
        report = MergeReport()
        if not len(arrays[0]):
            return report
        if not (np.diff(arrays[0]) > 0).all():
            raise BadInput("timestamp: rows must ascend in time", field="timestamp")
        with writing(self.folder) as staging:
            months = listing(self.folder)
            for month, part in _by_month(arrays):
                stored = self._stored(months.get(month))
                given = part if self.step_ms is not None else same_payments(stored, part)
                rows, done = merged(stored, given, differing)
                if done.added or done.replaced:
                    write_month(staging / f"{month}.parquet", self.names, rows, self.step_ms)
                report += done
        return report

    def last(self) -> datetime | None:
        """The newest row's time; None when nothing is stored. Raises CandleFileBroken."""
        for _ in range(READ_ATTEMPTS):
            newest = next(reversed(listing(self.folder).values()), None)
            if newest is None:
                return None
            try:
                return from_millis(read_facts(newest.path).last)
            except FileNotFoundError:
                continue
        raise CandleFileBroken(self.folder, "its files keep changing while they are read")

    def coverage(self, last_ms: int) -> Coverage | None:
        """Of the rows up to a time, from the footers but for the month it lies in; None when there are none.

        Raises CandleFileBroken.
        """
        opened = self._opened("", month_of(last_ms))
        facts = [month.facts for month in opened]
        if opened and facts[-1].last > last_ms:
            stamps = opened[-1].arrays()[0]
            shown = stamps[: int(stamps.searchsorted(last_ms, "right"))]
            facts[-1:] = [facts_of(shown, self.step_ms)] if len(shown) else []
        if not facts:
            return None
        outages, missing = sum(f.outages for f in facts), sum(f.missing for f in facts)
        for before, after in pairwise(facts):
            hole = 0 if self.step_ms is None else (after.first - before.last) // self.step_ms - 1
            outages, missing = outages + (hole > 0), missing + hole
        rows = sum(f.rows for f in facts)
        return Coverage(from_millis(facts[0].first), from_millis(facts[-1].last), rows, outages, missing)

    def _opened(self, first: str, last: str) -> list[OpenMonth]:
        """The files of a run of months as they are at one moment."""
        for _ in range(READ_ATTEMPTS):
            months = listing(self.folder)
            wanted = [mark.path for month, mark in months.items() if first <= month <= last]
            try:
                files = [OpenMonth(path, self.names) for path in wanted]
            except FileNotFoundError:  # a writer moved it between the listing and the opening
                continue
            if listing(self.folder) == months:
                return files
        raise CandleFileBroken(self.folder, "its files keep changing while they are read")

    def _rows(self, months: Sequence[OpenMonth]) -> Arrays:
        """Rows of all, put in place month by month: no more memory than they take, and one month."""
        size = sum(month.facts.rows for month in months)
        rows = tuple(np.empty(size, dtype=column.dtype) for column in nothing(self.names))
        at = 0
        for month in months:
            for column, values in zip(rows, month.arrays(), strict=True):
                column[at : at + month.facts.rows] = values
            at += month.facts.rows
        return rows

    def _stored(self, mark: FileMark | None) -> Arrays:
        return nothing(self.names) if mark is None else read_month(mark.path, self.names)


def _spans(month: OpenMonth, step_ms: int) -> list[Span]:
    facts = month.facts
    if not facts.missing:
        return [Span(facts.first, facts.last + step_ms)]
    return spans_of(month.arrays()[0], step_ms)


def _by_month(arrays: Arrays) -> list[tuple[str, Arrays]]:
    months = arrays[0].astype("datetime64[ms]").astype("datetime64[M]")
    starts = [0, *(np.flatnonzero(months[1:] != months[:-1]) + 1), len(months)]
    return [(str(months[lo]), tuple(column[lo:hi] for column in arrays)) for lo, hi in pairwise(starts)]
