"""What looks back over a fixed number of bars: lags, means, sums, extremes, deviations, weights."""

import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from openoutcry.indicators.line import NAN, Array, Line, Live, apply
from openoutcry.indicators.talib import ta

FAINT = 1e-4
CHUNK = 50_000
Rows = npt.NDArray[np.intp]


class Window:
    """The last ``size`` values; NaN before the first real one is not counted. Calls ``reduce`` once full."""

    __slots__ = ("_reduce", "_size", "_values")

    def __init__(self, size: int, reduce: Callable[[deque[float]], float]) -> None:
        self._size = size
        self._reduce = reduce
        self._values: deque[float] = deque(maxlen=size)

    def __call__(self, value: float) -> float:
        if not self._values and math.isnan(value):
            return NAN
        self._values.append(value)
        return self._reduce(self._values) if len(self._values) == self._size else NAN


class RunningTotal:
    """Sum of the last ``size`` values kept by adding the newest and taking off the oldest, as TA-Lib keeps it."""

    __slots__ = ("_begun", "_kept", "_total", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: deque[float] = deque()
        self._total = 0.0
        self._begun = False

    def __call__(self, value: float) -> float:
        if not self._begun and math.isnan(value):
            return NAN
        self._begun = True
        self._kept.append(value)
        self._total += value
        if len(self._kept) < self.size:
            return NAN
        total = self._total
        self._total -= self._kept.popleft()
        return total


def windowed(
    whole: Callable[[Array], Any], reduce: Callable[[deque[float]], float], line: Line, size: int
) -> Line:
    """``whole`` over an array, or ``reduce`` over the last ``size`` values of a live line."""
    if isinstance(line, Live):
        return line.graph.node(Window(size, reduce), line)
    return whole(line)


def moves_from_first(line: Line) -> Line:
    """How far each value lies from the first known one. What is taken from each other later is then small where the
    line hardly moves, and not rounding.
    """
    if isinstance(line, Live):
        return line.graph.node(_FromFirst(), line)
    known = np.flatnonzero(np.isfinite(line))
    return line - line[known[0]] if len(known) else line + 0.0


class _FromFirst:
    __slots__ = ("_first",)

    def __init__(self) -> None:
        self._first = NAN

    def __call__(self, value: float) -> float:
        if math.isnan(self._first) and math.isfinite(value):
            self._first = value
        return value - self._first


def lag(line: Line, bars: int) -> Line:
    """The value ``bars`` earlier."""
    if isinstance(line, Live):
        return line.graph.node(_Lag(bars), line)
    out = np.full(len(line), np.nan)
    if bars < len(line):
        out[bars:] = line[: len(line) - bars]
    return out


class _Lag:
    __slots__ = ("_kept",)

    def __init__(self, bars: int) -> None:
        self._kept: deque[float] = deque([NAN] * (bars + 1), maxlen=bars + 1)

    def __call__(self, value: float) -> float:
        self._kept.append(value)
        return self._kept[0]


def after(line: Line, bars: int) -> Line:
    """The line without its first ``bars`` values."""
    if isinstance(line, Live):
        return line.graph.node(_After(bars), line)
    return line if bars == 0 else np.where(np.arange(len(line)) < bars, np.nan, line)


class _After:
    __slots__ = ("_left",)

    def __init__(self, bars: int) -> None:
        self._left = bars

    def __call__(self, value: float) -> float:
        if self._left == 0:
            return value
        self._left -= 1
        return NAN


def held(line: Line) -> Line:
    """The newest known value; NaN before the first."""
    if isinstance(line, Live):
        return line.graph.node(_Held(), line)
    known = np.where(np.isnan(line), 0, np.arange(len(line)))
    return line[np.maximum.accumulate(known)] if len(line) else line


class _Held:
    __slots__ = ("_newest",)

    def __init__(self) -> None:
        self._newest = NAN

    def __call__(self, value: float) -> float:
        if not math.isnan(value):
            self._newest = value
        return self._newest


def mean(line: Line, size: int) -> Line:
    """Mean of the last ``size`` values."""
    if isinstance(line, Live):
        return line.graph.node(RunningTotal(size), line) / size
    return np.asarray(ta.SMA(line, size))


def mean_so_far(line: Line, size: int) -> Line:
    """As ``mean``, but known from the first value on: of as many values as there are."""
    if isinstance(line, Live):
        return line.graph.node(_MeanSoFar(size), line)
    out = mean(line, size)
    head = line[: size - 1]
    out[: size - 1] = np.cumsum(head) / np.arange(1, len(head) + 1)
    return out


class _MeanSoFar:
    __slots__ = ("_running", "_seen", "_sum")

    def __init__(self, size: int) -> None:
        self._running = RunningTotal(size)
        self._seen = 0
        self._sum = 0.0

    def __call__(self, value: float) -> float:
        total = self._running(value)
        self._seen += 1
        self._sum += value
        size = self._running.size
        return self._sum / self._seen if self._seen < size else total / size


def total(line: Line, size: int) -> Line:
    """Sum of the last ``size`` values."""
    if isinstance(line, Live):
        return line.graph.node(RunningTotal(size), line)
    return line + 0.0 if size == 1 else np.asarray(ta.SUM(line, size))


def highest(line: Line, size: int) -> Line:
    """Maximum of the last ``size`` values."""
    return windowed(lambda a: a + 0.0 if size == 1 else np.asarray(ta.MAX(a, size)), max, line, size)


def highest_so_far(line: Line, size: int) -> Line:
    """As ``highest``, but known from the first value on: of as many values as there are."""
    if isinstance(line, Live):
        return line.graph.node(_HighestSoFar(size), line)
    out = highest(line, size)
    out[: size - 1] = np.maximum.accumulate(line[: size - 1])
    return out


class _HighestSoFar:
    __slots__ = ("_values",)

    def __init__(self, size: int) -> None:
        self._values: deque[float] = deque(maxlen=size)

    def __call__(self, value: float) -> float:
        self._values.append(value)
        return max(self._values)


def lowest(line: Line, size: int) -> Line:
    """Minimum of the last ``size`` values."""
    return windowed(lambda a: a + 0.0 if size == 1 else np.asarray(ta.MIN(a, size)), min, line, size)


def deviation(line: Line, size: int) -> Line:
    """Population standard deviation (ddof 0) of the last ``size`` values; exactly zero for equal ones."""
    return windowed(lambda a: _deviations(a, size), _deviation, line, size)


def _deviations(values: Array, size: int) -> Array:
    """TA-Lib's running deviation, and where it is next to nothing beside the values, that of each window by itself."""
    out = np.asarray(ta.STDDEV(values, size, 1.0))
    for rows, moves in windows_apart(values, size, out):
        out[rows] = moves.std(axis=1)
    return out


def windows_apart(values: Array, size: int, spread: Array) -> Iterator[tuple[Rows, Array]]:
    """Where the windows' ``spread`` is next to nothing beside the values, and running sums would be all rounding:
    the places, and each of their windows as moves from its own first value.
    """
    faint = np.flatnonzero(spread < FAINT * np.abs(values))
    if len(faint):
        windows = np.lib.stride_tricks.sliding_window_view(values, size)
        for rows in np.array_split(faint, len(faint) // CHUNK + 1):
            yield rows, windows[rows - size + 1] - values[rows - size + 1, None]


def weighted_mean(line: Line, size: int) -> Line:
    """Mean of the last ``size`` values, the newest weighing ``size`` and the oldest 1."""
    return windowed(lambda a: np.asarray(ta.WMA(a, size)), _linear, line, size)


def regression_end(line: Line, size: int) -> Line:
    """Where the least-squares line through the last ``size`` values ends."""
    return weighted(line, [(6.0 * i + 4.0 - 2.0 * size) / (size * (size + 1)) for i in range(size)])


def weighted(line: Line, weights: Sequence[float]) -> Line:
    """Sum of the last values times ``weights`` (oldest first)."""
    kernel = np.asarray(weights, dtype=np.float64)

    def whole(values: Array) -> Array:
        out = np.full(len(values), np.nan)
        first = int(np.argmax(~np.isnan(values))) if len(values) else 0
        if len(values) - first >= len(kernel):
            out[first + len(kernel) - 1 :] = np.convolve(values[first:], kernel[::-1], mode="valid")
        return out

    def each(values: deque[float]) -> float:
        return sum(w * x for w, x in zip(weights, values, strict=True))

    return windowed(whole, each, line, len(weights))


def bars_since_highest(line: Line, size: int) -> Line:
    """How many bars ago the maximum of the last ``size`` values was; the oldest of equal ones."""
    return windowed(
        lambda a: _since(a, highest(a, size), size), lambda v: size - 1.0 - v.index(max(v)), line, size
    )


def bars_since_lowest(line: Line, size: int) -> Line:
    """How many bars ago the minimum of the last ``size`` values was; the oldest of equal ones."""
    return windowed(
        lambda a: _since(a, lowest(a, size), size), lambda v: size - 1.0 - v.index(min(v)), line, size
    )


def cumulative(line: Line) -> Line:
    """Sum of every value since the first known one."""
    return apply(_cumulative, _Cumulative(), line)


class _Cumulative:
    __slots__ = ("_total",)

    def __init__(self) -> None:
        self._total = NAN

    def __call__(self, value: float) -> float:
        if math.isnan(self._total):
            self._total = value
        else:
            self._total += value
        return self._total


def _cumulative(values: Array) -> Array:
    first = int(np.argmax(~np.isnan(values))) if len(values) else 0
    out = np.full(len(values), np.nan)
    out[first:] = np.cumsum(values[first:])
    return out


def _since(values: Array, extreme: Array, size: int) -> Array:
    """Bars since ``extreme`` was the value: each bar of the window is asked in turn, the oldest has the last word."""
    out = np.full(len(values), np.nan)
    for bars in range(min(size, len(values))):
        out[bars:][values[: len(values) - bars] == extreme[bars:]] = bars
    return out


def _deviation(values: deque[float]) -> float:
    first = values[0]
    moves = [x - first for x in values]
    centre = sum(moves) / len(moves)
    return math.sqrt(sum((x - centre) * (x - centre) for x in moves) / len(moves))


def _linear(values: deque[float]) -> float:
    size = len(values)
    return sum(x * (i + 1) for i, x in enumerate(values)) / (size * (size + 1) / 2)
