"""Whether a model can have read how a decision ended before it was asked: its results are then worth nothing as a test.

A model has read the world up to its cut-off day (``knows_until`` in ``config/models.yaml``). Whatever happened up to and on
that day may stand in its training data, so a decision dated then is contaminated. Without a configured day nobody knows, and
that is what is said: an unknown cut-off is never taken for a clean one. A market that was made from a seed was never published.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Literal, get_args

from openoutcry.types.market import Source

Mark = Literal["none", "made", "clean", "contaminated", "unknown"]
"""``none``: no model took part. ``made``: the market was made from a seed. The others are about a model's cut-off."""
MARKS: tuple[Mark, ...] = get_args(Mark)
BY_WEIGHT: tuple[Mark, ...] = ("contaminated", "unknown", "clean", "made", "none")
"""The first of these that is found speaks for the whole."""
TRUSTED: frozenset[Mark] = frozenset({"none", "made", "clean"})
"""What may be compared with others."""
Cutoffs = Mapping[str, date | None]
"""Until when each model has read, by its name without its vendor's."""


def model_of(mind: str) -> str | None:
    """The model behind a mind's name (``anthropic:claude-haiku-4-5``); None for rules and whatever else is no model."""
    _, _, model = mind.partition(":")
    return model or None


def mark(mind: str, at: datetime, source: Source, cutoffs: Cutoffs) -> Mark:
    """The mark of one decision of one mind, made as of ``at``."""
    model = model_of(mind)
    if model is None:
        return "none"
    if source == "synthetic":
        return "made"
    known = cutoffs.get(model)
    if known is None:
        return "unknown"
    return "contaminated" if at.astimezone(UTC).date() <= known else "clean"


def worst(marks: Iterable[Mark]) -> Mark:
    """The mark of several decisions taken together."""
    found = set(marks)
    return next((one for one in BY_WEIGHT if one in found), "none")


def counted(marks: Iterable[Mark]) -> dict[Mark, int]:
    """How often each mark was found, those alone that were."""
    found = list(marks)
    return {one: found.count(one) for one in BY_WEIGHT if one in found}
