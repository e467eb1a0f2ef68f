"""A recount, and where a thesis ends, as the API tells them."""

from datetime import datetime
from decimal import Decimal

from api.shapes.base import Shape, converted
from openoutcry import recount
from openoutcry.falsified import Thesis
from openoutcry.settings import Settings
from openoutcry.types.record import CycleRecord, Decision


class Without(Shape, frozen=True, kw_only=True):
    """The decision as it would have been without one agent."""

    agent: str
    decision: recount.Call
    target: str
    confidence: float
    consensus: float
    entries_blocked: str | None
    changed: bool


class Flip(Shape, frozen=True, kw_only=True):
    """The smallest change of one agent's confidence, in its own direction, that makes another decision."""

    agent: str
    action: str
    confidence: float
    needed: float
    distance: float
    decision: recount.Call


class Tallied(Shape, frozen=True, kw_only=True):
    """How the votes were counted: shares of the counted weight per action, and the bars they had to clear."""

    scores: dict[str, float]
    voters: int
    quorum: int
    consensus: float
    min_consensus: float
    min_confidence: float
    vetoed_by: list[str]
    rule: str
    size_factor: float
    hedge_ratio: float | None
    entries_blocked: str | None


class EndsAt(Shape, frozen=True, kw_only=True):
    """A price at which the thesis ends. ``side``: reached at or below, or at or above, it; ``distance`` is a signed fraction of
    the decision's price. ``kind``: ``stop`` and ``voices`` count at any time, ``horizon`` at the horizon.
    """

    kind: str
    price: Decimal
    side: str
    distance: float
    agents: list[str]


class Falsified(Shape, frozen=True, kw_only=True):
    """Where a decision is proved wrong: ``falsified_at`` is the nearest of ``levels`` that counts at any time, null where none
    does; ``break_even`` the price that pays for a round trip, null for HOLD.
    """

    claim: str
    price: Decimal
    break_even: Decimal | None
    horizon_at: datetime
    falsified_at: Decimal | None
    levels: list[EndsAt]


def tallied(decision: Decision, settings: Settings) -> Tallied:
    """The stored count of a decision."""
    count = decision.tally
    return Tallied(
        scores=dict(count.scores),
        voters=count.voters,
        quorum=count.quorum,
        consensus=count.consensus,
        min_consensus=count.min_consensus,
        min_confidence=settings.voting.min_confidence,
        vetoed_by=list(count.vetoed_by),
        rule=count.rule,
        size_factor=decision.size_factor,
        hedge_ratio=decision.hedge_ratio,
        entries_blocked=decision.entries_blocked,
    )


def leave_one_out(record: CycleRecord, settings: Settings) -> list[Without]:
    """The recount without each agent that was heard."""
    return [converted(one.model_dump(), Without) for one in recount.leave_one_out(record, settings)]


def nearest_flip(record: CycleRecord, settings: Settings) -> Flip | None:
    """The closest call, None when there is none."""
    found = recount.nearest_flip(record, settings)
    return None if found is None else converted(found.model_dump(), Flip)


def falsified(thesis: Thesis | None) -> Falsified | None:
    """A thesis as the API tells it."""
    if thesis is None:
        return None
    return Falsified(
        claim=thesis.claim,
        price=thesis.price,
        break_even=thesis.break_even,
        horizon_at=thesis.horizon_at,
        falsified_at=thesis.falsified_at,
        levels=[converted(level.model_dump(), EndsAt, agents=list(level.agents)) for level in thesis.levels],
    )
