"""The risk voice: it can shrink or stop what the analysts want, never raise it."""

from collections.abc import Sequence
from dataclasses import dataclass

from openoutcry.voting.roll import Heard

REDUCE_UNSTATED = 0.5
"""What REDUCE means when it names no factor."""


@dataclass(frozen=True, slots=True)
class Caution:
    """The cap on size, who vetoed, and why entries are blocked (None when they are not)."""

    size_factor: float
    vetoed_by: tuple[str, ...]
    blocked: str | None


def listen(votes: Sequence[Heard], *, required: bool) -> Caution:
    """The strictest word wins: the smallest factor, any VETO. When ``required``, silence blocks entries."""
    if not votes:
        return Caution(1.0, (), "risk voice absent" if required else None)
    vetoes = [v.vote for v in votes if v.vote.action == "VETO"]
    blocked = "; ".join(f"vetoed by {v.agent}" for v in vetoes) or None
    return Caution(min(_factor(v) for v in votes), tuple(v.agent for v in vetoes), blocked)


def _factor(heard: Heard) -> float:
    vote = heard.vote
    if vote.action == "VETO":
        return 0.0
    if vote.size_factor is not None:
        return vote.size_factor
    return REDUCE_UNSTATED if vote.action == "REDUCE" else 1.0
