"""Putting a damaged month right: fetched again beside the store, then exchanged for the damaged file in one step.

The damaged file goes to ``{home}/quarantine``; until its successor is there it stays where it is.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.candles.folder import listing, writing
from db.candles.months import MonthFiles, month_span
from db.candles.parquet import Arrays, write_month
from db.candles.series import Series
from db.candles.store import CandleStore, files_of
from db.candles.sync.feed import SETTLE_MS, History
from db.candles.sync.filling import Filling
from db.candles.verifying import Damage
from openoutcry.errors import DataUnavailable, OpenOutcryError
from openoutcry.market.spans import Span
from openoutcry.ports import Clock


@dataclass(frozen=True, slots=True)
class Repaired:
    """What became of a damaged file: the rows that took its place and where it is kept, or the ``error``."""

    damage: Damage
    rows: int = 0
    kept_at: Path | None = None
    error: str | None = None


async def repair(store: CandleStore, damage: Damage, history: History, clock: Clock) -> Repaired:
    """Fetch the damaged month again and exchange it. The error says why that could not be; nothing has changed then."""
    if damage.month is None:
        return drop(store, damage)
    try:
        rows = await _fetched(store, damage, damage.month, history, clock)
    except OpenOutcryError as error:
        return Repaired(damage, error=str(error))
    return _exchanged(store, damage, damage.month, rows)


def drop(store: CandleStore, damage: Damage) -> Repaired:
    """Put the damaged file aside with nothing in its place."""
    if damage.month is not None:
        return _exchanged(store, damage, damage.month, None)
    kept_at = _quarantine(store, damage.path)
    damage.path.replace(kept_at)
    return Repaired(damage, kept_at=kept_at)


async def _fetched(store: CandleStore, damage: Damage, month: str, history: History, clock: Clock) -> Arrays:
    now_ms, whole = await history.now_ms() - SETTLE_MS, month_span(month)
    feed: Any
    if isinstance(damage.series, Series):
        feed, now_ms = await history.candles(damage.series), now_ms - now_ms % damage.series.bar_ms
    else:
        feed = await history.funding(damage.series)
    with tempfile.TemporaryDirectory(prefix="outcry-repair-") as folder:
        beside = CandleStore(Path(folder))
        bounds = Span(whole.start, min(whole.end, now_ms))
        done = await Filling(feed, beside, bounds, clock=clock).run()
        if done.unanswered or done.refused:
            raise DataUnavailable(f"{history.exchange} did not give all of {damage.series} {month}")
        return files_of(beside.home, damage.series).read(whole.start, whole.end - 1)


def _exchanged(store: CandleStore, damage: Damage, month: str, rows: Arrays | None) -> Repaired:
    files: MonthFiles = files_of(store.home, damage.series)
    with writing(files.folder) as staging:
        mark = listing(files.folder).get(month)
        if mark is None:
            return Repaired(damage, error="the file is gone")
        kept_at = _quarantine(store, mark.path)
        shutil.copy2(mark.path, kept_at)
        if rows is not None and len(rows[0]):
            write_month(staging / f"{month}.parquet", files.names, rows, files.step_ms)
        else:
            mark.path.unlink()
    return Repaired(damage, 0 if rows is None else len(rows[0]), kept_at)


def _quarantine(store: CandleStore, path: Path) -> Path:
    """A free name for the file under the quarantine, its place in the store kept."""
    place = store.home / "quarantine" / path.relative_to(store.home).parent
    place.mkdir(parents=True, exist_ok=True)
    names = (place / f"{path.name}.{number}" for number in range(1, 10_000))
    return next(name for name in names if not name.exists())
