"""Rows on their way into the store: gathered for a second, then merged in one step. What is stored is never lost."""

import asyncio
from time import monotonic
from typing import Generic

from db.candles.merging import MOST_CHANGES, Change, Differing, MergeReport, merged
from db.candles.months import nothing
from db.candles.parquet import Arrays
from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore, files_of
from db.candles.sync.feed import R

FLUSH_ROWS = 10_000
FLUSH_S = 1.0


class Collector(Generic[R]):
    """Rows of one series for the store; ``replace`` lets them take the place of stored ones."""

    def __init__(self, store: CandleStore, series: Series | FundingSeries, *, replace: bool) -> None:
        self._files = files_of(store.home, series)
        self._differing: Differing = "replace" if replace else "keep"
        self._rows: Arrays = nothing(self._files.names)
        self._flushed_at = monotonic()
        self._changes: dict[int, Change] = {}
        self.report = MergeReport()

    @property
    def changes(self) -> tuple[Change, ...]:
        """The first rows that came with other values than those stored before, each once."""
        return tuple(self._changes[at] for at in sorted(self._changes))[:MOST_CHANGES]

    async def take(self, rows: R) -> None:
        """Add ascending rows; now and then they are written."""
        self._rows, report = merged(self._rows, rows.arrays(), self._differing)
        self._note(report)
        if len(self._rows[0]) >= FLUSH_ROWS or monotonic() - self._flushed_at >= FLUSH_S:
            await self.flush()

    async def flush(self) -> None:
        """Write what is gathered. Raises CandleFileBroken, StoreBusy or StoreFailed."""
        writing = asyncio.create_task(asyncio.to_thread(self._write))
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await writing
            raise

    def _write(self) -> None:
        if len(self._rows[0]):
            report = self._files.merge(self._rows, self._differing)
            self._note(report)
            self.report += report
            self._rows = nothing(self._files.names)
        self._flushed_at = monotonic()

    def _note(self, report: MergeReport) -> None:
        for change in report.changes:
            self._changes.setdefault(int(change.at.timestamp()), change)
