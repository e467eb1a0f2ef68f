"""The month files of one series in memory: a moving span of them, joined, kept current by one cheap stat."""

import time
from itertools import accumulate

import numpy as np

from db.candles.errors import CandleFileBroken
from db.candles.folder import FileMark, file_mark, folder_mark, listing
from db.candles.months import READ_ATTEMPTS, MonthFiles, month_of, nothing
from db.candles.parquet import Arrays, MonthFacts, OpenMonth

RECHECK_S = 0.25
KEEP_ROWS = 400_000
"""Rows kept beyond what a question needs (about 19 MB of candles)."""
FOREVER = 1 << 62


class SpanCache:
    """Rows of a contiguous run of month files; ``rows`` is complete from ``low_ms`` to ``high_ms``."""

    def __init__(self, files: MonthFiles) -> None:
        self._files = files
        self._mark: object = None
        self._looked_at = -1.0
        self._months: dict[str, FileMark] = {}
        self._held: dict[str, tuple[FileMark, Arrays]] = {}
        self._opened: dict[str, OpenMonth] = {}
        self._reset()

    def _reset(self) -> None:
        self.rows: Arrays = nothing(self._files.names)
        self.low_ms, self.high_ms, self.last_ms = FOREVER, -FOREVER, -FOREVER

    def span(self, first_ms: int, last_ms: int, before: int) -> Arrays:
        """Rows with all that is stored between the times, and ``before`` rows up to ``last_ms`` if there are.

        Raises CandleFileBroken.
        """
        now = time.monotonic()
        if now - self._looked_at > RECHECK_S or (last_ms > self.last_ms and self.high_ms == FOREVER):
            self._look(now)
        if not self._holds(first_ms, last_ms, before):
            self._load(first_ms, last_ms, before)
        return self.rows

    def _holds(self, first_ms: int, last_ms: int, before: int) -> bool:
        if not (self.low_ms <= first_ms and last_ms <= self.high_ms):
            return False
        return self.low_ms == -FOREVER or int(self.rows[0].searchsorted(last_ms, "right")) >= before

    def _look(self, now: float) -> None:
        self._looked_at = now
        if self._current_mark() != self._mark:
            self._relist()

    def _current_mark(self) -> object:
        # The newest file counts too: two changes within one tick of the file clock leave one folder time.
        newest = next(reversed(self._months.values()), None)
        return folder_mark(self._files.folder), newest and file_mark(newest.path)

    def _relist(self) -> None:
        folder = folder_mark(self._files.folder)
        self._months, self._opened = listing(self._files.folder), {}
        newest = next(reversed(self._months.values()), None)
        self._mark = folder, newest and newest.mark
        self._held = {m: kept for m, kept in self._held.items() if self._is_current(m, kept[0])}
        self._reset()

    def _is_current(self, month: str, held: FileMark) -> bool:
        listed = self._months.get(month)
        return listed is not None and listed.mark == held.mark

    def _load(self, first_ms: int, last_ms: int, before: int) -> None:
        for _ in range(READ_ATTEMPTS):
            try:
                run = self._needed(first_ms, last_ms, before)
                sizes = [self._size_of(month) for month in run]
            except FileNotFoundError:  # moved by a writer: look again
                self._relist()
                continue
            if listing(self._files.folder) == self._months:
                self._join(run, sizes)
                self._opened = {}
                return
            self._relist()
        raise CandleFileBroken(self._files.folder, "its files keep changing while they are read")

    def _needed(self, first_ms: int, last_ms: int, before: int) -> list[str]:
        """The run of months to hold: those asked for, enough before them, and the next, asked for soon."""
        months = list(self._months)
        low = max(int(np.searchsorted(months, month_of(first_ms), "right")) - 1, 0)
        high = int(np.searchsorted(months, month_of(last_ms), "right"))
        rows = 0
        for index in range(high - 1, -1, -1):
            if index < low and rows >= before:
                break
            low = min(low, index)
            rows += self._rows_until(months[index], last_ms)
        high = min(high + 1, len(months))
        while low > 0 and months[low - 1] in self._held and self._size(months[low - 1 : high]) <= KEEP_ROWS:
            low -= 1
        return months[low:high]

    def _join(self, run: list[str], sizes: list[int]) -> None:
        """Put the months one after another, and hold them as views, so that they are in memory once."""
        rows = tuple(np.empty(sum(sizes), dtype=column.dtype) for column in nothing(self._files.names))
        held: dict[str, tuple[FileMark, Arrays]] = {}
        for month, hi in zip(run, accumulate(sizes), strict=True):
            part = self._held.pop(month)[1] if month in self._held else self._opened.pop(month).arrays()
            views = tuple(column[hi - len(part[0]) : hi] for column in rows)
            for view, values in zip(views, part, strict=True):
                view[:] = values
                view.flags.writeable = False
            held[month] = self._months[month], views
        for column in rows:
            column.flags.writeable = False
        self.rows, self._held = rows, held
        months = list(self._months)
        if not run:
            self.low_ms, self.high_ms = -FOREVER, FOREVER
            return
        first, last = months.index(run[0]), months.index(run[-1])
        self.low_ms = -FOREVER if first == 0 else _start_of(run[0])
        self.high_ms = FOREVER if last == len(months) - 1 else _start_of(months[last + 1]) - 1
        self.last_ms = int(self.rows[0][-1])

    def _rows_until(self, month: str, last_ms: int) -> int:
        """Rows of a month up to a time. Its file is read for that only when the time lies within."""
        if month not in self._held:
            facts = self._facts(month)
            if facts.last <= last_ms:
                return facts.rows
            self._held[month] = self._months[month], self._opened.pop(month).arrays()
        return int(self._held[month][1][0].searchsorted(last_ms, "right"))

    def _size_of(self, month: str) -> int:
        return len(self._held[month][1][0]) if month in self._held else self._facts(month).rows

    def _facts(self, month: str) -> MonthFacts:
        if month not in self._opened:
            self._opened[month] = OpenMonth(self._months[month].path, self._files.names)
        return self._opened[month].facts

    def _size(self, months: list[str]) -> int:
        return sum(len(self._held[month][1][0]) for month in months if month in self._held)


def _start_of(month: str) -> int:
    return int(np.datetime64(month, "ms").astype(np.int64))
