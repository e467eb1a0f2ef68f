"""When a change of regime is believed: not at the first bar that says so.

Each bar votes for its likeliest regime, or for none when that is not probable enough. A change is confirmed once 80 %
of the last five bars agree on it; until then it is pending, and dropped when less than 20 % still ask for it.
"""

from collections import Counter
from dataclasses import dataclass

from openoutcry.regime.names import Regime
from openoutcry.regime.settings import RegimeSettings

SLACK = 1e-9
"""Shares are compared as counts of bars; 0.8 of 5 is 4, whatever binary fractions make of it."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """The regime believed in (None before the first), and the newest votes, oldest first."""

    regime: Regime | None = None
    votes: tuple[Regime | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Pending:
    """A change that is asked for and not confirmed yet, and the share of the window that asks for it."""

    regime: Regime
    share: float


def vote(regime: Regime, probability: float, settings: RegimeSettings) -> Regime | None:
    """What a bar votes for."""
    return regime if probability >= settings.min_confidence else None


def confirm(before: Confirmation, cast: Regime | None, settings: RegimeSettings) -> Confirmation:
    """What is believed after one more vote."""
    kept = max(settings.stability_window, settings.confirm_window)
    votes = (*before.votes, cast)[-kept:]
    asked = _asked(votes, before.regime, settings)
    confirmed = asked is not None and asked.share >= settings.confirm_share - SLACK
    return Confirmation(asked.regime if asked is not None and confirmed else before.regime, votes)


def pending(state: Confirmation, settings: RegimeSettings) -> Pending | None:
    """The change most asked for, if it is still asked for enough."""
    asked = _asked(state.votes, state.regime, settings)
    return None if asked is None or asked.share < settings.discard_share - SLACK else asked


def stability(state: Confirmation, settings: RegimeSettings) -> float | None:
    """Share of the newest votes that are for the regime believed in; None before there is one."""
    recent = state.votes[-settings.stability_window :]
    return None if state.regime is None else recent.count(state.regime) / len(recent)


def _asked(
    votes: tuple[Regime | None, ...], current: Regime | None, settings: RegimeSettings
) -> Pending | None:
    window = votes[-settings.confirm_window :]
    others = Counter(cast for cast in window if cast is not None and cast != current)
    if not others:
        return None
    regime, count = others.most_common(1)[0]
    return Pending(regime, count / settings.confirm_window)
