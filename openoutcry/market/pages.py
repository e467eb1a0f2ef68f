"""One answer of an exchange to "candles, please": what of it may be stored. Nothing about it is taken on trust."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, FundingRates, Stamps
from openoutcry.market.rows import RowFault, candle_faults, funding_faults

R = TypeVar("R", Candles, FundingRates)
Row = tuple[int, tuple[float, ...]]
MOST_ROWS = 100_000
"""No exchange gives more in one answer."""
LATEST_MS = 10**14
MISSING = float("nan")


@dataclass(frozen=True, slots=True)
class Refused:
    """A row that cannot be stored."""

    at_ms: int
    reason: str


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Sound rows in ascending order, each once, and the others with reasons; ``given`` counts all rows that came."""

    rows: R
    refused: tuple[Refused, ...]
    given: int


def candle_page(answer: Any, bar_ms: int, now_ms: int) -> Page[Candles]:
    """The bars closed at ``now_ms`` among rows of (open time, open, high, low, close, volume), in any order.

    Rows given twice count once; two versions of one bar are both refused. Raises DataUnavailable when the answer is
    no list of rows, or none of them has a time.
    """
    rows = list(_timed(answer, _candle))
    stamps, columns, twice = _columns(rows, 5, now_ms - bar_ms)
    bars = Candles.of(stamps, *columns)
    sound, refused = _parted(bars.timestamp, candle_faults(bars, bar_ms, now_ms), twice)
    return Page(Candles.of(*[column[sound] for column in bars.arrays()]), refused, len(rows))


def funding_page(answer: Any, now_ms: int) -> Page[FundingRates]:
    """The rates paid at or before ``now_ms`` among ccxt's funding rows; as ``candle_page``."""
    rows = list(_timed(answer, _rate))
    stamps, columns, twice = _columns(rows, 1, now_ms)
    rates = FundingRates.of(stamps, columns[0])
    sound, refused = _parted(rates.timestamp, funding_faults(rates, now_ms), twice)
    return Page(FundingRates.of(*[column[sound] for column in rates.arrays()]), refused, len(rows))


def _candle(row: Any) -> Row:
    values = tuple(_float(value) for value in row[1:6])
    return int(row[0]), values if len(values) == 5 else (MISSING,) * 5


def _rate(row: Any) -> Row:
    return int(row["timestamp"]), (_float(row.get("fundingRate")),)


def _timed(answer: Any, read: Callable[[Any], Row]) -> Iterable[Row]:
    if not isinstance(answer, list) or len(answer) > MOST_ROWS:
        raise DataUnavailable("the exchange's answer is not a list of rows")
    any_time = False
    for row in answer:
        try:
            at, values = read(row)
        except (TypeError, ValueError, LookupError, AttributeError, OverflowError):
            continue
        if 0 < at < LATEST_MS:
            any_time = True
            yield at, values
    if answer and not any_time:
        raise DataUnavailable("the exchange's rows have no usable times")


def _columns(
    rows: Sequence[Row], width: int, last_ms: int
) -> tuple[list[int], Sequence[Sequence[float]], set[int]]:
    """Times up to ``last_ms`` and value columns, ascending, each time once; and the times that came in two versions."""
    versions: dict[int, tuple[float, ...]] = {}
    twice = {at for at, row in rows if at <= last_ms and versions.setdefault(at, row) != row}
    stamps = sorted(versions)
    return stamps, list(zip(*(versions[at] for at in stamps), strict=True)) or [()] * width, twice


def _parted(
    stamps: Stamps, faults: Sequence[RowFault], twice: set[int]
) -> tuple[NDArray[np.bool_], tuple[Refused, ...]]:
    reasons = dict.fromkeys(twice, "the exchange gives two versions of it")
    reasons |= {int(stamps[fault.index]): fault.reason for fault in faults}
    sound = np.array([int(at) not in reasons for at in stamps], dtype=bool)
    return sound, tuple(Refused(at, reasons[at]) for at in sorted(reasons))


def _float(value: Any) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return MISSING
