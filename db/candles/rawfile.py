"""A file's columns before anything is believed: names, times, numbers, and where each row stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from openoutcry.errors import BadInput
from openoutcry.market.candles import Floats, Stamps

TIME_NAMES = ("timestamp", "open_time", "opentime", "date", "datetime", "time", "calc_time", "fundingtime")
RATE_NAMES = ("funding_rate", "fundingrate", "last_funding_rate")
PRICE_NAMES = ("open", "high", "low", "close", "volume")
SECONDS_BELOW, MILLIS_BELOW, MICROS_BELOW = 10**11, 10**14, 10**17
"""The unit of a time is read from its size: these bounds part them for any date from 1973 to 5138."""
LATEST = 4.0e18
Place = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class RawFile:
    """Columns by lower-case name; ``place`` says where row i (from 0) stands in the file: ``line 17``."""

    columns: Mapping[str, NDArray[Any]]
    place: Place

    @property
    def is_funding(self) -> bool:
        """True when it holds funding rates rather than candles."""
        return any(name in self.columns for name in RATE_NAMES)

    def times(self) -> Stamps:
        """The time column in UTC milliseconds. Raises BadInput naming the first cell that is no time."""
        return milliseconds(self._one_of(TIME_NAMES, "time"), self.place)

    def rates(self) -> Floats:
        """The funding rates."""
        return self._numbers(self._one_of(RATE_NAMES, "funding rate"))

    def prices(self) -> list[Floats]:
        """Open, high, low, close and volume."""
        return [self._numbers(self._one_of((name,), name)) for name in PRICE_NAMES]

    def _one_of(self, names: Sequence[str], what: str) -> NDArray[Any]:
        for name in names:
            if name in self.columns:
                return self.columns[name]
        raise BadInput(
            f"no {what} column ({' or '.join(names)}) among {', '.join(self.columns)}", field="file"
        )

    def _numbers(self, column: NDArray[Any]) -> Floats:
        try:
            return column.astype(np.float64)
        except (TypeError, ValueError, OverflowError):
            for index, cell in enumerate(column):
                _number(cell, self.place(index))
            raise


def _number(cell: Any, place: str) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{place}: {cell!r} is not a number", field="file") from error


def milliseconds(column: NDArray[Any], place: Place) -> Stamps:
    """UTC milliseconds of datetimes, ISO text (UTC unless it says otherwise) or epoch numbers of any unit.

    Raises BadInput naming the first cell that is no time.
    """
    if column.dtype.kind == "M":
        return column.astype("datetime64[ms]").astype(np.int64)
    if column.dtype.kind in "OU":
        column = np.array(
            [_instant(cell, place(index)) for index, cell in enumerate(column)], dtype=np.float64
        )
    if column.dtype.kind == "f":
        if not np.isfinite(column).all():
            raise BadInput(f"{place(int(np.argmin(np.isfinite(column))))}: the time is missing", field="file")
        column = column.round().clip(-1, LATEST).astype(np.int64)
    if column.dtype.kind not in "iu":
        raise BadInput(f"the time column holds {column.dtype}, not times", field="file")
    stamps = np.maximum(column.astype(np.int64), -1)  # anything earlier is as wrong, and must not wrap around
    return np.select(
        [stamps < SECONDS_BELOW, stamps < MILLIS_BELOW, stamps < MICROS_BELOW],
        [stamps * 1000, stamps, stamps // 1000],
        stamps // 1_000_000,
    )


def _instant(cell: Any, place: str) -> float:
    try:
        if isinstance(cell, str):
            cell = datetime.fromisoformat(cell) if not _is_plain(cell) else float(cell)
        if isinstance(cell, datetime):
            return (cell.replace(tzinfo=UTC) if cell.tzinfo is None else cell).timestamp() * 1000
        return float(cell)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{place}: {cell!r} is not a time", field="file") from error


def _is_plain(cell: str) -> bool:
    """Digits, sign, point and exponent only: a number. ISO dates have more than one dash."""
    return cell.strip().lstrip("+-").replace(".", "", 1).replace("e+", "").replace("e", "").isdigit()
