"""Is every stored file whole, what its footer says, and possible at all? Reads all there is."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from db.candles.absent import absences
from db.candles.errors import CandleFileBroken
from db.candles.folder import FileMark, listing
from db.candles.months import MonthFiles, month_span
from db.candles.parquet import OpenMonth, facts_of
from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore, files_of
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.rows import RowFault, candle_faults, funding_faults
from openoutcry.types.timeframes import from_millis, millis

LOOKS = 3


@dataclass(frozen=True, slots=True)
class Damage:
    """A file that cannot be used. ``month`` is None for the list of absent stretches."""

    series: Series | FundingSeries
    month: str | None
    path: Path
    reason: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was looked at, and what of it is damaged."""

    series: int
    files: int
    rows: int
    damaged: tuple[Damage, ...]


def verify(
    store: CandleStore,
    series: Iterable[Series | FundingSeries],
    *,
    now: datetime,
    progress: Callable[[str], None] = lambda text: None,
) -> Verified:
    """Read every file of the series: page checksums, footers, and the rules every row has to keep."""
    looked = files = rows = 0
    damaged: list[Damage] = []
    for one in series:
        progress(str(one))
        looked += 1
        for month, found in _months(store, one, now):
            files += 1
            if isinstance(found, int):
                rows += found
            else:
                damaged.append(Damage(one, month, *found))
        try:
            absences(store.home / one.folder)
        except CandleFileBroken as error:
            damaged.append(Damage(one, None, error.path, error.reason))
    return Verified(looked, files, rows, tuple(damaged))


def _months(
    store: CandleStore, series: Series | FundingSeries, now: datetime
) -> Iterator[tuple[str, int | tuple[Path, str]]]:
    """Of every month the rows, or the path and what is wrong."""
    files = files_of(store.home, series)
    for month in listing(files.folder):
        for _ in range(LOOKS):
            mark = listing(files.folder).get(month)
            if mark is None:
                break
            try:
                yield month, _looked_at(files, month, mark, millis(now))
            except FileNotFoundError:  # replaced by a writer meanwhile
                continue
            break


def _looked_at(files: MonthFiles, month: str, mark: FileMark, now_ms: int) -> int | tuple[Path, str]:
    try:
        opened = OpenMonth(mark.path, files.names)
        arrays = opened.arrays()
    except CandleFileBroken as error:
        return mark.path, error.reason
    bounds = month_span(month)
    if opened.facts != facts_of(arrays[0], files.step_ms):
        return mark.path, "its holes are not what its footer says"
    if not bounds.start <= arrays[0][0] <= arrays[0][-1] < bounds.end:
        return mark.path, "it holds rows of another month"
    faults: list[RowFault] = (
        funding_faults(FundingRates.of(*arrays), now_ms)
        if files.step_ms is None
        else candle_faults(Candles.of(*arrays), files.step_ms, now_ms)
    )
    if faults:
        at = from_millis(int(arrays[0][faults[0].index]))
        return (
            mark.path,
            f"{len(faults)} rows break the rules, the first at {at:%Y-%m-%d %H:%M}: {faults[0].reason}",
        )
    return len(arrays[0])
