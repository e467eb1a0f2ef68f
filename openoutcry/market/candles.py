"""Candles and funding rates as columns: numpy arrays in ascending time, never written to."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Stamps = NDArray[np.int64]
Floats = NDArray[np.float64]


def _sealed(values: Any, dtype: Any) -> NDArray[Any]:
    array: NDArray[Any] = np.ascontiguousarray(values, dtype=dtype)
    if array.ndim != 1:
        raise ValueError("a column must have one dimension")
    if array is values and array.flags.writeable:
        array = array.view()
    array.flags.writeable = False
    return array


def _same(one: tuple[NDArray[Any], ...], other: tuple[NDArray[Any], ...]) -> bool:
    return all(np.array_equal(a, b, equal_nan=a.dtype.kind == "f") for a, b in zip(one, other, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Candles:
    """Bars of one series. ``timestamp`` is the open time (UTC ms); volume is in base units."""

    timestamp: Stamps
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats

    def __len__(self) -> int:
        return len(self.timestamp)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The columns in declaration order."""
        return self.timestamp, self.open, self.high, self.low, self.close, self.volume

    def same_as(self, other: "Candles") -> bool:
        """True when the other has the same rows, bit for bit (NaN equals NaN)."""
        return _same(self.arrays(), other.arrays())

    def __getitem__(self, rows: slice) -> "Candles":
        return Candles(*[column[rows] for column in self.arrays()])

    @classmethod
    def of(cls, timestamp: Any, open: Any, high: Any, low: Any, close: Any, volume: Any) -> "Candles":
        """Candles from anything array-like. Raises ValueError when lengths differ."""
        floats = [_sealed(column, np.float64) for column in (open, high, low, close, volume)]
        stamps = _sealed(timestamp, np.int64)
        if {len(column) for column in floats} != {len(stamps)}:
            raise ValueError("columns differ in length")
        return cls(stamps, *floats)

    @classmethod
    def empty(cls) -> "Candles":
        """No bars."""
        return cls.of([], [], [], [], [], [])


@dataclass(frozen=True, slots=True, eq=False)
class FundingRates:
    """Funding of a perpetual. ``timestamp`` is when it is paid (UTC ms); ``rate`` a fraction per interval."""

    timestamp: Stamps
    rate: Floats

    def __len__(self) -> int:
        return len(self.timestamp)

    def arrays(self) -> tuple[NDArray[Any], ...]:
        """The columns in declaration order."""
        return self.timestamp, self.rate

    def same_as(self, other: "FundingRates") -> bool:
        """True when the other has the same rows, bit for bit (NaN equals NaN)."""
        return _same(self.arrays(), other.arrays())

    def __getitem__(self, rows: slice) -> "FundingRates":
        return FundingRates(self.timestamp[rows], self.rate[rows])

    @classmethod
    def of(cls, timestamp: Any, rate: Any) -> "FundingRates":
        """Funding rates from anything array-like. Raises ValueError when lengths differ."""
        stamps, rates = _sealed(timestamp, np.int64), _sealed(rate, np.float64)
        if len(stamps) != len(rates):
            raise ValueError("columns differ in length")
        return cls(stamps, rates)

    @classmethod
    def empty(cls) -> "FundingRates":
        """No rates."""
        return cls.of([], [])
