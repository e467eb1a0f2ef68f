"""What models may have read before they said it, as clients see it."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

from api.shapes.base import Shape
from openoutcry.minds.contamination import Reading


class ModelReading(Shape, frozen=True, kw_only=True):
    """What one model said on one seat. ``marks`` counts its decisions: ``contaminated`` ones are of days up to
    ``knows_until``, so that it may have read in training what came of them; ``unknown`` when nobody configured that day;
    ``clean`` later ones; ``made`` those of a market made from a seed. ``mark`` is the worst of them.
    """

    agent_name: str
    model: str
    knows_until: date | None
    decisions: int
    mark: Literal["none", "made", "clean", "contaminated", "unknown"]
    marks: dict[str, int]


def readings_of(found: Iterable[Reading]) -> list[ModelReading]:
    """By agent and model."""
    return [
        ModelReading(
            agent_name=one.agent,
            model=one.model,
            knows_until=one.knows_until,
            decisions=one.decisions,
            mark=one.mark,
            marks={str(mark): count for mark, count in one.marks.items()},
        )
        for one in found
    ]
