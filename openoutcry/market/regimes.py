"""The moods of a synthetic market and how one follows another (a semi-Markov chain over bars)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Regime:
    """One mood. ``drift`` is per bar in units of its volatility, ``volatility`` a multiple of the usual.

    ``bars`` is its mean length, ``basis_bps`` where the perpetual's basis tends to, ``follows`` what may come
    next. All is counted in bars, whatever their length, so that a run at any timeframe meets several moods.
    """

    name: str
    drift: float
    volatility: float
    bars: int
    basis_bps: float
    follows: dict[str, float]


REGIMES = (
    Regime("bull", 0.055, 0.80, 400, 7.0, {"sideways": 0.60, "bear": 0.22, "crisis": 0.18}),
    Regime("bear", -0.045, 1.05, 300, -2.0, {"sideways": 0.45, "recovery": 0.35, "crisis": 0.20}),
    Regime("sideways", 0.0, 0.55, 350, 2.0, {"bull": 0.52, "bear": 0.40, "crisis": 0.08}),
    Regime("crisis", -0.11, 2.30, 60, -11.0, {"recovery": 0.60, "bear": 0.40}),
    Regime("recovery", 0.07, 1.35, 150, 1.0, {"bull": 0.60, "sideways": 0.40}),
)
NAMES = tuple(regime.name for regime in REGIMES)
START = NAMES.index("sideways")


@dataclass(frozen=True, slots=True)
class Mood:
    """Where the chain stands: the regime's index and how many more bars it lasts."""

    regime: int
    left: int


def moods(rng: np.random.Generator, mood: Mood, count: int) -> tuple[NDArray[np.int8], Mood]:
    """The regime of each of the next ``count`` bars, and where the chain stands after them."""
    out = np.empty(count, dtype=np.int8)
    done, regime, left = 0, mood.regime, mood.left
    while done < count:
        if left == 0:
            regime = _next(rng, regime)
            left = int(rng.geometric(1.0 / REGIMES[regime].bars))
        step = min(left, count - done)
        out[done : done + step] = regime
        done, left = done + step, left - step
    return out, Mood(regime, left)


def _next(rng: np.random.Generator, regime: int) -> int:
    follows = REGIMES[regime].follows
    at = int(np.searchsorted(np.cumsum(list(follows.values())), rng.random(), "right"))
    return NAMES.index(list(follows)[min(at, len(follows) - 1)])
