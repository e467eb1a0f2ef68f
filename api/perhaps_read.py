"""What models may have read in training before they said it, as far as the floor's configured cut-offs tell."""

from collections.abc import Iterable

from api.floor import Floor
from api.shapes.readings import ModelReading, readings_of
from openoutcry.minds.contamination import Said, readings
from wire.prices import cutoffs_of


def perhaps_read(floor: Floor, said: Iterable[Said]) -> list[ModelReading]:
    """Of what was said, by agent and model; what rules said is left out."""
    return readings_of(readings(said, cutoffs_of(floor.home)))
