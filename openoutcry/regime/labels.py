"""What to call the five states of a fitted model, from the mean trend and the mean roughness of each.

Both are means of standardised features, chosen by their names. A label asks, at least:

    bull       trend > 0.05
    recovery   trend > 0, and rougher than the bull
    bear       trend < -0.05
    crisis     trend < -0.10, among the roughest quarter, and rougher than the bear
    sideways   nothing

Where the five labels can be given to the five states one each, the fittest such way is taken: then every regime
can occur, and "the state" and "the regime" are one. Where they cannot, each state is named by itself (``by_rule``),
the crisis first, since it is a bear too, and some regimes will never occur.
"""

from itertools import permutations
from typing import Literal

import numpy as np

from openoutcry.market.candles import Floats
from openoutcry.regime.names import REGIMES, Regime

Labelling = Literal["one_to_one", "by_rule"]
RISING, FALLING, CRASHING = 0.05, -0.05, -0.10
ROUGHEST_PERCENTILE = 75


def label_states(trend: Floats, roughness: Floats) -> tuple[tuple[Regime, ...], Labelling]:
    """The label of each of five states, and how they were found. Arrays of shape (5,), finite."""
    ways = [way for way in permutations(REGIMES) if _allowed(way, trend, roughness)]
    if not ways:
        return tuple(by_rule(trend, roughness)), "by_rule"
    return max(ways, key=lambda way: _fitness(way, trend, roughness)), "one_to_one"


def by_rule(trend: Floats, roughness: Floats) -> list[Regime]:
    """Each state by itself: the first rule it meets. Any number of states may get the same label."""
    usual, roughest = float(np.median(roughness)), float(np.percentile(roughness, ROUGHEST_PERCENTILE))
    return [_rule(float(t), float(r), usual, roughest) for t, r in zip(trend, roughness, strict=True)]


def _rule(trend: float, rough: float, usual: float, roughest: float) -> Regime:
    if trend < CRASHING and rough > roughest:
        return "crisis"
    if trend < FALLING and rough >= usual:
        return "bear"
    if trend > RISING and rough < usual:
        return "bull"
    if trend > 0.0 and rough >= usual:
        return "recovery"
    return "sideways"


def _allowed(way: tuple[Regime, ...], trend: Floats, roughness: Floats) -> bool:
    at = {label: state for state, label in enumerate(way)}
    bull, recovery, bear, crisis = at["bull"], at["recovery"], at["bear"], at["crisis"]
    return bool(
        trend[bull] > RISING
        and trend[recovery] > 0.0
        and trend[bear] < FALLING
        and trend[crisis] < CRASHING
        and roughness[crisis] >= np.percentile(roughness, ROUGHEST_PERCENTILE)
        and roughness[bull] < roughness[recovery]
        and roughness[bear] < roughness[crisis]
    )


def _fitness(way: tuple[Regime, ...], trend: Floats, roughness: Floats) -> float:
    """Up and calm for the bull, up and rough for the recovery, and so on; a sum over the states."""
    total = 0.0
    for label, t, r in zip(way, trend.tolist(), roughness.tolist(), strict=True):
        match label:
            case "bull":
                total += t - r
            case "recovery":
                total += t + r
            case "bear":
                total -= t
            case "crisis":
                total += r - t
            case "sideways":
                total -= abs(t) + r
    return total
