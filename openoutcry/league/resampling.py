"""Confidence intervals that respect the order of things: the stationary bootstrap (Politis and Romano 1994).

Blocks of geometric length are drawn with replacement from within each window, wrapped at its ends, so that what hangs
together over a few bars still does. Everybody is drawn at the same bars, so differences between entrants are paired; windows
of the same days (two symbols that fall together) are drawn at the same bars too, so that they count as one piece of evidence.
"""

from collections.abc import Hashable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

AT_ONCE = 100
"""Samples that are drawn at a time: bounded memory."""
LEVEL = 0.95


class Span(NamedTuple):
    """A window's bars: ``key`` is the same for windows of the same days."""

    key: Hashable
    length: int


class Interval(NamedTuple):
    """The central 95 % of what was drawn."""

    low: float
    high: float


def drawn(
    rng: np.random.Generator, spans: Sequence[Span], block: float, samples: int
) -> Iterator[npt.NDArray[np.int64]]:
    """Places (at most AT_ONCE x all bars) into the windows one after the other; ``block`` is the mean length of a block."""
    for begin in range(0, samples, AT_ONCE):
        count = min(AT_ONCE, samples - begin)
        made: dict[Span, npt.NDArray[np.int64]] = {}
        parts, offset = [], 0
        for span in spans:
            if span not in made:
                made[span] = _places(rng, span.length, block, count)
            parts.append(made[span] + offset)
            offset += span.length
        yield np.concatenate(parts, axis=1)


def _places(rng: np.random.Generator, length: int, block: float, count: int) -> npt.NDArray[np.int64]:
    begins = rng.random((count, length)) < 1.0 / block
    begins[:, 0] = True
    _, first = np.nonzero(begins)
    starts = rng.integers(length, size=len(first))
    mine = (np.cumsum(begins.ravel()) - 1).reshape(begins.shape)
    return np.asarray((starts[mine] + np.arange(length) - first[mine]) % length)


def interval(drawings: Sequence[float] | npt.NDArray[Any]) -> Interval | None:
    """Of drawings that exist; None without any."""
    values = np.asarray(drawings, dtype=np.float64)
    values = np.sort(values[np.isfinite(values)])
    if not len(values):
        return None
    cut = int((1 - LEVEL) / 2 * (len(values) - 1))
    return Interval(float(values[cut]), float(values[-1 - cut]))
