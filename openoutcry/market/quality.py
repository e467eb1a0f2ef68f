"""What is wrong with a window of bars at ``as_of``, and may its last bar be quoted? Nothing is filled in.

Every fault stops entries and goes by itself once the data is good again. A damaged bar counts anywhere in the
window, a gap only among the last three bars, a spike while it is among the last 48.
"""

from dataclasses import dataclass
from datetime import datetime

import numpy as np

from openoutcry.market.candles import Candles
from openoutcry.market.rows import HIGHEST
from openoutcry.types.market import DataFault, FaultKind
from openoutcry.types.timeframes import SECONDS, millis

GAP_BARS = 3
"""A bar missing among this many newest ones is a gap; older holes have left what indicators weigh most."""
MIN_BARS = 50
"""Fewer closed bars than this are a short history."""
STALE_BARS = 2
"""The last bar may be this many bar lengths old, counted from its open time."""
SPIKE_FACTOR = 8.0
"""Ten times too much is caught in a market that fell by a fifth within the neighbours as well."""
SPIKE_BARS = 48
"""How long a spike is held against the series: it is inside the indicators that long."""
FROZEN_BARS = 3
"""So many newest bars alike to the last digit, volume too: the source repeats itself, or nobody trades."""
SPIKE_SIDE = 5
"""Neighbours on each side a bar is compared with."""


@dataclass(frozen=True, slots=True)
class Quality:
    """The faults of a window, and whether its last bar may be a price (a bar that is merely stale may)."""

    faults: tuple[DataFault, ...]
    quotable: bool


def examine(
    symbol: str, window: Candles, as_of: datetime, timeframe: str, min_bars: int = MIN_BARS
) -> Quality:
    """Judge a window that ends with the newest bar known at ``as_of``; its rows may be in any state."""
    if not len(window):
        return Quality((DataFault(symbol=symbol, kind="missing", detail="no bar is stored"),), False)
    at_ms, bar_ms = millis(as_of), SECONDS[timeframe] * 1000
    found = [
        *_time_faults(window, at_ms, bar_ms),
        *_value_faults(window),
        *_spikes(window),
        *_frozen(window),
        *_lateness(window, at_ms, bar_ms),
        *_shortness(window, at_ms, bar_ms, min_bars),
    ]
    last = len(window) - 1
    bad = any(last in fault.rows for fault in found)
    faults = tuple(DataFault(symbol=symbol, kind=fault.kind, detail=fault.detail) for fault in found)
    return Quality(faults, not bad)


@dataclass(frozen=True, slots=True)
class _Found:
    kind: FaultKind
    detail: str
    rows: frozenset[int] = frozenset()


def _rows(kind: FaultKind, mask: np.ndarray, window: Candles, text: str) -> list[_Found]:
    rows = np.flatnonzero(mask)
    if not len(rows):
        return []
    first = f"{text} at {_time(int(window.timestamp[rows[0]]))}"
    more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
    return [_Found(kind, first + more, frozenset(rows.tolist()))]


def _time(stamp_ms: int) -> str:
    return str(
        np.datetime64(stamp_ms, "ms").astype("datetime64[m]")
    )  # any number has a form, damaged ones too


def _time_faults(window: Candles, at_ms: int, bar_ms: int) -> list[_Found]:
    stamps = window.timestamp
    if stamps[-1] + bar_ms <= at_ms and not (stamps % bar_ms).any() and (stamps[1:] > stamps[:-1]).all():
        return []
    after = np.zeros(len(stamps), dtype=bool)
    after[1:] = stamps[1:] <= stamps[:-1]
    open_now = (stamps < at_ms) & (stamps + bar_ms > at_ms)
    return [
        *_rows("future_bar", stamps >= at_ms, window, "a bar from the future"),
        *_rows("open_bar", open_now, window, "a bar that is still open"),
        *_rows("non_monotonic", after, window, "a bar out of order or twice"),
        *_rows("inconsistent", stamps % bar_ms != 0, window, "a bar not aligned to its length"),
    ]


def _value_faults(window: Candles) -> list[_Found]:
    o, h, low, c, v = window.open, window.high, window.low, window.close, window.volume
    if (
        low.min() > 0 and v.min() >= 0 and h.max() < HIGHEST and v.max() < HIGHEST
        and (low <= np.minimum(o, c)).all() and (h >= np.maximum(o, c)).all()
    ):  # fmt: skip
        return []
    finite = np.isfinite(o) & np.isfinite(h) & np.isfinite(low) & np.isfinite(c) & np.isfinite(v)
    wrong = (low > np.minimum(o, c)) | (h < np.maximum(o, c)) | (low <= 0) | (v < 0)
    beyond = np.maximum(h, v) >= HIGHEST
    return [
        *_rows("not_finite", ~finite, window, "a value that is no number"),
        *_rows("inconsistent", finite & wrong, window, "prices that contradict each other"),
        *_rows("inconsistent", finite & beyond, window, f"a price or volume beyond {HIGHEST:g}"),
    ]


def _spikes(window: Candles) -> list[_Found]:
    recent = window[-SPIKE_BARS - 2 * SPIKE_SIDE :]
    high, low = np.maximum(recent.high, recent.close), np.minimum(recent.low, recent.close)
    if not low.min() > 0 or high.max() < SPIKE_FACTOR * low.min():
        return []  # too close together for any spike, or not numbers, which is another fault
    spiked = np.zeros(len(window), dtype=bool)
    for row in range(max(len(recent) - SPIKE_BARS, 0), len(recent)):
        before = recent.close[max(row - SPIKE_SIDE, 0) : row]
        after = recent.close[row + 1 : row + 1 + SPIKE_SIDE]
        sides = [float(np.median(side)) for side in (before, after) if len(side)]
        up = all(high[row] / SPIKE_FACTOR >= side for side in sides)
        down = all(low[row] <= side / SPIKE_FACTOR for side in sides)
        spiked[len(window) - len(recent) + row] = bool(sides) and (up or down)
    return _rows("spike", spiked, window, f"a price {SPIKE_FACTOR:g} times off its neighbours")


def _frozen(window: Candles) -> list[_Found]:
    closes = window.close
    if len(closes) < FROZEN_BARS or closes[-1] != closes[-FROZEN_BARS]:
        return []
    values = window.arrays()[1:]
    if any((column[-FROZEN_BARS:] != column[-1]).any() for column in values):
        return []
    return [_Found("frozen", f"the last {FROZEN_BARS} bars are the same to the last digit")]


def _lateness(window: Candles, at_ms: int, bar_ms: int) -> list[_Found]:
    closed = window.timestamp[window.timestamp + bar_ms <= at_ms]
    if not len(closed):
        return []
    last = int(closed.max())
    if at_ms - last > STALE_BARS * bar_ms:
        age = (at_ms - last) / bar_ms
        return [_Found("stale", f"the last bar opened {_time(last)}, {age:.1f} bars ago")]
    newest = at_ms // bar_ms * bar_ms - bar_ms
    expected = [newest - bar_ms * n for n in range(GAP_BARS)]
    present = set(closed[-2 * GAP_BARS :].tolist())
    absent = [stamp for stamp in expected if stamp >= int(closed.min()) and stamp not in present]
    if not absent:
        return []
    return [_Found("gap", f"{len(absent)} of the last {GAP_BARS} bars missing, first {_time(min(absent))}")]


def _shortness(window: Candles, at_ms: int, bar_ms: int, min_bars: int) -> list[_Found]:
    closed = int((window.timestamp + bar_ms <= at_ms).sum())
    if closed >= min_bars:
        return []
    return [_Found("short_history", f"{closed} closed bars, {min_bars} are needed")]
