"""The bars a signal is evaluated on, and the comparisons that make one."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from openoutcry.indicators.line import Array, Mask
from openoutcry.market.candles import Candles

CHUNK = 16_384
ROUNDING = 1e-12
"""Two prices nearer than this share of their size are the same price: what is left of it is rounding."""


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """Columns of one series, oldest first. ``timestamp`` is the open time (UTC ms); ``other`` holds data that is not
    price, by the column names signals require, as long as the bars (NaN where unknown)."""

    open: Array
    high: Array
    low: Array
    close: Array
    volume: Array
    timestamp: npt.NDArray[np.int64] | None = None
    other: Mapping[str, Array] = field(default_factory=lambda: MappingProxyType({}))

    def __len__(self) -> int:
        return len(self.close)

    @classmethod
    def of(cls, candles: Candles) -> "Bars":
        """The bars of a candle series."""
        return cls(candles.open, candles.high, candles.low, candles.close, candles.volume, candles.timestamp)


def above(value: Array, level: Array | float, of: Array | float = 0.0) -> Mask:
    """Greater than, by more than rounding. ``of`` is the price that both are differences of, where they are."""
    return _chunked(lambda v, at, size: v - at > ROUNDING * (np.abs(at) + size), value, level, of)


def below(value: Array, level: Array | float, of: Array | float = 0.0) -> Mask:
    """Less than, by more than rounding. ``of`` as for ``above``."""
    return _chunked(lambda v, at, size: at - v > ROUNDING * (np.abs(at) + size), value, level, of)


def _chunked(condition: Callable[..., Mask], value: Array, level: Array | float, of: Array | float) -> Mask:
    """The condition, a stretch of bars at a time: what it keeps in between stays in the processor's cache."""
    out = np.empty(len(value), dtype=np.bool_)
    for start in range(0, len(value), CHUNK):
        part = slice(start, start + CHUNK)
        at, size = (line[part] if isinstance(line, np.ndarray) else line for line in (level, of))
        out[part] = condition(value[part], at, size)
    return out


def crosses_above(value: Array, level: Array | float, of: Array | float = 0.0) -> Mask:
    """Not above at the bar before, above now. Both bars must be known."""
    return _turned(above(value, level, of), value, level)


def crosses_below(value: Array, level: Array | float, of: Array | float = 0.0) -> Mask:
    """Not below at the bar before, below now. Both bars must be known."""
    return _turned(below(value, level, of), value, level)


def crosses(value: Array, level: Array | float, direction: str, of: Array | float = 0.0) -> Mask:
    """``bullish`` upwards, ``bearish`` downwards."""
    return crosses_above(value, level, of) if direction == "bullish" else crosses_below(value, level, of)


def _turned(now: Mask, value: Array, level: Array | float) -> Mask:
    """True where it was false at the bar before, both bars known: a comparison with NaN is false, so ``now`` is."""
    out = np.zeros(len(now), dtype=np.bool_)
    out[1:] = now[1:] & ~now[:-1]
    turned = np.flatnonzero(out)
    before = turned - 1
    unknown = np.isnan(value[before]) | np.isnan(level[before] if isinstance(level, np.ndarray) else level)
    out[turned[unknown]] = False
    return out
