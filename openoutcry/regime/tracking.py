"""Following a market bar by bar: belief, vote, confirmation, and the changes of regime on the way.

A track is all that must be kept between two bars: one more bar costs the same whatever came before.
"""

from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Floats
from openoutcry.regime.confirmation import Confirmation, confirm, vote
from openoutcry.regime.filter import Machine, by_regime, forward, stationary
from openoutcry.regime.names import REGIMES, Regime
from openoutcry.regime.settings import RegimeSettings


@dataclass(frozen=True, slots=True)
class Track:
    """Where following stands after a bar. ``belief`` holds the log probabilities of the model's states."""

    belief: tuple[float, ...]
    confirmation: Confirmation


@dataclass(frozen=True, slots=True)
class Change:
    """A confirmed change at the bar of this index: the regime from here on, and its probability there."""

    index: int
    regime: Regime
    confidence: float


@dataclass(frozen=True, slots=True)
class Followed:
    """What a stretch of bars led to. ``probabilities`` are of the regimes of ``REGIMES`` at each bar, (n, 5)."""

    track: Track
    changes: tuple[Change, ...]
    probabilities: Floats


def fresh(machine: Machine) -> Track:
    """A track with no bar behind it: the states as probable as they are in the long run."""
    with np.errstate(divide="ignore"):
        often = np.log(stationary(machine.transitions))
    return Track(tuple(often.tolist()), Confirmation())


def follow(machine: Machine, track: Track, rows: Floats, settings: RegimeSettings) -> Followed:
    """Go on over rows of features, (n, F). A bar whose features are unknown casts no vote."""
    beliefs = forward(machine, rows, np.array(track.belief)).log_probabilities
    probabilities = by_regime(machine, beliefs)
    state, changes = track.confirmation, []
    unknown = np.isnan(rows.sum(axis=1))
    for i, chances in enumerate(probabilities):
        after = confirm(state, None if unknown[i] else _vote(chances, settings), settings)
        if after.regime is not None and after.regime != state.regime:
            changes.append(Change(i, after.regime, float(probabilities[i, REGIMES.index(after.regime)])))
        state = after
    belief = tuple(beliefs[-1].tolist()) if len(beliefs) else track.belief
    return Followed(Track(belief, state), tuple(changes), probabilities)


def _vote(chances: Floats, settings: RegimeSettings) -> Regime | None:
    at = int(chances.argmax())
    return vote(REGIMES[at], float(chances[at]), settings)
