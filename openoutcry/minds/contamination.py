"""Whether a model can have read how a decision ended before it was asked: its results are then worth nothing as a test.

A model has read the world up to its cut-off day (``knows_until`` in ``config/models.yaml``). Whatever happened up to and on
that day may stand in its training data, so a decision dated then is contaminated. Without a configured day nobody knows, and
that is what is said: an unknown cut-off is never taken for a clean one. A market that was made from a seed was never published.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Literal, NamedTuple

from openoutcry.types.market import Source

Mark = Literal["none", "made", "clean", "contaminated", "unknown"]
"""``none``: no model took part. ``made``: the market was made from a seed. The others are about a model's cut-off."""
BY_WEIGHT: tuple[Mark, ...] = ("contaminated", "unknown", "clean", "made", "none")
"""The first of these that is found speaks for the whole."""
TRUSTED: frozenset[Mark] = frozenset({"none", "made", "clean"})
"""What may be compared with others."""
Cutoffs = Mapping[str, date | None]
"""Until when each model has read, by its name without its vendor's."""
NOBODY_KNOWS: Cutoffs = MappingProxyType({})
SAID: Mapping[Mark, str] = MappingProxyType(
    {
        "none": "",
        "made": "no: made up",
        "clean": "no",
        "contaminated": "CONTAMINATED",
        "unknown": "UNKNOWN cut-off",
    }
)
"""A mark in a report: whether the model may have read what came."""


def model_of(mind: str) -> str | None:
    """The model behind a mind's name (``anthropic:claude-haiku-4-5``); None for rules and whatever else is no model."""
    _, _, model = mind.partition(":")
    return model or None


def mark(mind: str, day: date, source: Source, cutoffs: Cutoffs) -> Mark:
    """The mark of one decision of one mind, made as of some time of a UTC ``day``."""
    model = model_of(mind)
    if model is None:
        return "none"
    if source == "synthetic":
        return "made"
    known = cutoffs.get(model)
    if known is None:
        return "unknown"
    return "contaminated" if day <= known else "clean"


def worst(marks: Iterable[Mark]) -> Mark:
    """The mark of several decisions taken together."""
    found = set(marks)
    return next((one for one in BY_WEIGHT if one in found), "none")


def counted(marks: Iterable[Mark]) -> dict[Mark, int]:
    """How often each mark was found, those alone that were."""
    found = list(marks)
    return {one: found.count(one) for one in BY_WEIGHT if one in found}


def day_of(at: datetime) -> date:
    """The UTC day of an aware time."""
    return at.astimezone(UTC).date()


class Said(NamedTuple):
    """So many decisions of one mind, of one agent, on one UTC day."""

    agent: str
    mind: str
    day: date
    source: Source
    decisions: int = 1


@dataclass(frozen=True, slots=True)
class Reading:
    """What one model said on one seat, and how much of it it may have read before: ``marks`` counts decisions, ``mark`` is the
    worst of them.
    """

    agent: str
    model: str
    knows_until: date | None
    decisions: int
    mark: Mark
    marks: Mapping[Mark, int]

    @property
    def told(self) -> str:
        """In a report's words."""
        until = "nobody configured until when it has read"
        if self.knows_until is not None:
            until = f"it has read until {self.knows_until}"
        parts = [f"{count:,} {SAID[one]}" if SAID[one] else str(count) for one, count in self.marks.items()]
        return f"{self.agent} by {self.model}: may it have read what came? {', '.join(parts)}; {until}"


def readings(said: Iterable[Said], cutoffs: Cutoffs) -> tuple[Reading, ...]:
    """By agent and model; what no model said is left out."""
    found: dict[tuple[str, str], dict[Mark, int]] = {}
    for one in said:
        marked = mark(one.mind, one.day, one.source, cutoffs)
        if marked != "none":
            counts = found.setdefault((one.agent, one.mind), {})
            counts[marked] = counts.get(marked, 0) + one.decisions
    return tuple(
        Reading(
            agent=agent,
            model=mind,
            knows_until=cutoffs.get(model_of(mind) or ""),
            decisions=sum(counts.values()),
            mark=worst(counts),
            marks={one: counts[one] for one in BY_WEIGHT if one in counts},
        )
        for (agent, mind), counts in sorted(found.items())
    )
