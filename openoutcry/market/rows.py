"""Is a row of candles or funding possible at all? Rules a file must pass before any of it is stored."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Candles, Floats, FundingRates, Stamps

FIRST_MS = 1_230_768_000_000
"""2009-01-01: nothing traded against money before; an earlier time means a wrong unit."""
MAX_FUNDING = 0.2
"""Largest believable funding rate per interval; venues cap it near 0.03."""
HIGHEST = 1e15
"""No price or volume is larger: arithmetic on what is would overflow."""
Check = tuple[NDArray[np.bool_], str]


@dataclass(frozen=True, slots=True)
class RowFault:
    """A row that cannot be stored. ``index`` counts from 0."""

    index: int
    reason: str


def candle_faults(candles: Candles, bar_ms: int, now_ms: int) -> list[RowFault]:
    """Every bad row, ascending, with the first rule it breaks.

    Rules: finite numbers, positive prices, volume not negative, low <= open, close <= high; times aligned to
    the bar length, strictly ascending, and closed at ``now_ms``. Gaps are no fault.
    """
    o, h, low, c, v = candles.open, candles.high, candles.low, candles.close, candles.volume
    finite = np.isfinite(o) & np.isfinite(h) & np.isfinite(low) & np.isfinite(c) & np.isfinite(v)
    with np.errstate(invalid="ignore"):
        checks: list[Check] = [
            *_time_checks(candles.timestamp),
            (candles.timestamp % bar_ms != 0, "open time is not aligned to the timeframe"),
            (candles.timestamp + bar_ms > now_ms, "the bar is not closed yet"),
            (~finite, "a value is missing, NaN or infinite"),
            ((o <= 0) | (h <= 0) | (low <= 0) | (c <= 0), "a price is not positive"),
            (v < 0, "the volume is negative"),
            (
                np.maximum(np.maximum(o, h), np.maximum(c, v)) >= HIGHEST,
                f"a price or volume is beyond {HIGHEST:g}",
            ),
            (low > np.minimum(o, c), "low is above open or close"),
            (h < np.maximum(o, c), "high is below open or close"),
        ]
    return list(_faults(checks))


def funding_faults(rates: FundingRates, now_ms: int) -> list[RowFault]:
    """Every bad row: times ascend and are past, rates are finite and believable."""
    checks: list[Check] = [
        *_time_checks(rates.timestamp),
        (rates.timestamp > now_ms, "the time is in the future"),
        (~np.isfinite(rates.rate), "the rate is missing, NaN or infinite"),
        (_beyond(rates.rate, MAX_FUNDING), f"the rate is beyond ±{MAX_FUNDING:g} per interval"),
    ]
    return list(_faults(checks))


def _time_checks(stamps: Stamps) -> list[Check]:
    steps = np.diff(stamps, prepend=stamps[:1] - 1)
    return [
        (stamps < FIRST_MS, "the time is before 2009: seconds, milliseconds or microseconds are expected"),
        (steps < 0, "the time is earlier than the row before"),
        (steps == 0, "the time is the same as the row before"),
    ]


def _beyond(values: Floats, limit: float) -> NDArray[np.bool_]:
    with np.errstate(invalid="ignore"):
        return np.abs(values) > limit


def _faults(checks: list[Check]) -> Iterator[RowFault]:
    broken = np.stack([mask for mask, _ in checks])
    for index in np.flatnonzero(broken.any(axis=0)):
        yield RowFault(int(index), checks[int(broken[:, index].argmax())][1])
