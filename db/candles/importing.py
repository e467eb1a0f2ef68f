"""Importing a file into the candle store: read, checked row by row, and merged whole or not at all."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from db.candles.formats import read_raw
from db.candles.merging import MergeReport
from db.candles.months import Coverage
from db.candles.parquet import facts_of
from db.candles.rawfile import RawFile
from db.candles.series import FundingSeries, Series
from db.candles.store import CandleStore
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.market.rows import RowFault, candle_faults, funding_faults
from openoutcry.types.symbols import parse_symbol
from openoutcry.types.timeframes import from_millis, millis

SHOWN_FAULTS = 10
Progress = Callable[[str], None]


class BadRows(BadInput):
    """Rows of a file break the rules: the first few ``faults`` as (where, reason), and their ``total``."""

    code = "BAD_ROWS"

    def __init__(self, faults: list[tuple[str, str]], total: int) -> None:
        text = "; ".join(f"{where}: {reason}" for where, reason in faults)
        more = f"; and {total - len(faults)} more" if total > len(faults) else ""
        super().__init__(
            f"{total} bad row{'s' if total > 1 else ''}, nothing imported: {text}{more}", field="file"
        )
        self.faults = faults
        self.total = total


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file's rows belong. ``timeframe`` is not needed for funding rates."""

    exchange: str
    symbol: str
    timeframe: str | None = None
    replace: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: the file's own coverage and the merge."""

    series: Series | FundingSeries
    file: Coverage
    merge: MergeReport


def import_file(
    store: CandleStore, path: Path, target: Target, *, now: datetime, progress: Progress = lambda _: None
) -> Imported:
    """Store every row of ``path``. Candles or funding rates: the file's columns tell.

    Raises BadInput (unreadable, BadRows, RowsConflict), CandleFileBroken or StoreBusy; nothing has changed.
    """
    progress(f"reading {path.name}")
    raw = read_raw(path)
    stamps = raw.times()
    if not len(stamps):
        raise BadInput(f"{path.name}: has no rows", field="file")
    progress(f"checking {len(stamps):,} rows")
    if raw.is_funding:
        return _funding(store, raw, FundingRates.of(stamps, raw.rates()), target, now, progress)
    return _candles(store, raw, Candles.of(stamps, *raw.prices()), target, now, progress)


def _candles(
    store: CandleStore, raw: RawFile, candles: Candles, target: Target, now: datetime, progress: Progress
) -> Imported:
    if target.timeframe is None:
        raise BadInput("timeframe: candles need one, such as 1h", field="timeframe")
    series = Series(target.exchange, target.symbol, target.timeframe)
    _refuse(raw, candle_faults(candles, series.bar_ms, millis(now)))
    progress(f"storing {len(candles):,} bars of {series}")
    report = store.merge(series, candles, replace=target.replace)
    return Imported(series, _coverage(candles.arrays(), series.bar_ms), report)


def _funding(
    store: CandleStore, raw: RawFile, rates: FundingRates, target: Target, now: datetime, progress: Progress
) -> Imported:
    if parse_symbol(target.symbol).kind != "perp":
        perpetual = parse_symbol(target.symbol).perpetual()
        raise BadInput(f"symbol: funding rates belong to a perpetual such as {perpetual}", field="symbol")
    series = FundingSeries(target.exchange, target.symbol)
    _refuse(raw, funding_faults(rates, millis(now)))
    progress(f"storing {len(rates):,} rates of {series}")
    report = store.merge_funding(series, rates, replace=target.replace)
    return Imported(series, _coverage(rates.arrays(), None), report)


def _refuse(raw: RawFile, faults: list[RowFault]) -> None:
    if faults:
        raise BadRows(
            [(raw.place(fault.index), fault.reason) for fault in faults[:SHOWN_FAULTS]], len(faults)
        )


def _coverage(arrays: tuple[NDArray[Any], ...], step_ms: int | None) -> Coverage:
    facts = facts_of(arrays[0], step_ms)
    return Coverage(
        from_millis(facts.first), from_millis(facts.last), facts.rows, facts.outages, facts.missing
    )
