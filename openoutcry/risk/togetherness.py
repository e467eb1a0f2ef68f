"""Whether a group of assets moves together more than it used to: its mean pairwise correlation over time."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.risk.correlation import correlation, rolling_correlation
from openoutcry.risk.returns import Floats

State = Literal["low", "normal", "high"]
LOW, HIGH = 0.25, 0.75
"""Below a quarter, or above three quarters, of what the mean correlation was before."""


@dataclass(frozen=True, slots=True)
class Togetherness:
    """``current`` is of the last window, ``average`` of all windows, ``percentile`` the share of earlier windows below the
    current one; None where pairs did not move.
    """

    state: State | None
    current: float | None
    average: float | None
    lowest: float | None
    highest: float | None
    percentile: float | None
    windows: int


@dataclass(frozen=True, slots=True)
class StrongPair:
    """Two assets whose correlation is at or beyond a threshold, either way; ``recent`` is of the last 30 returns."""

    symbol1: str
    symbol2: str
    correlation: float
    recent: float | None


def togetherness(returns: Mapping[str, Floats], window: int) -> Togetherness:
    """Of at least two assets with equally long returns, at least ``window`` of them. Raises BadInput."""
    if len(returns) < 2:
        raise BadInput(f"symbols: at least two, not {len(returns)}", field="symbols")
    if len(next(iter(returns.values()))) < window:
        raise BadInput(f"window_days: {window} is more than the returns they share", field="window_days")
    pairs = [rolling_correlation(a, b, window)[window - 1 :] for a, b in combinations(returns.values(), 2)]
    stacked = np.array(pairs)
    line = stacked[:, np.isfinite(stacked).all(axis=0)].mean(axis=0)
    if not len(line):
        return Togetherness(None, None, None, None, None, None, 0)
    current, before = float(line[-1]), line[:-1]
    rank = float((before < current).mean()) if len(before) else None
    state: State | None = (
        None if rank is None else "high" if rank > HIGH else "low" if rank < LOW else "normal"
    )
    return Togetherness(
        state, current, float(line.mean()), float(line.min()), float(line.max()), rank, len(line)
    )


def strong_pairs(returns: Mapping[str, Floats], threshold: float, recent: int = 30) -> list[StrongPair]:
    """The strongest first."""
    found = []
    for (first, left), (second, right) in combinations(returns.items(), 2):
        value = correlation(left, right)
        if value is not None and abs(value) >= threshold:
            found.append(StrongPair(first, second, value, correlation(left[-recent:], right[-recent:])))
    return sorted(found, key=lambda pair: (-abs(pair.correlation), pair.symbol1, pair.symbol2))
