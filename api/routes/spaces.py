"""``GET /api/v1/decisions/spaces``: in which spaces prompts can be compared."""

from litestar import get

from api.floor import TheFloor
from api.shapes.decisions import SpaceList, spaces_of
from db.memory.spaces import known


@get("/api/v1/decisions/spaces", tags=["decisions"], haste="search")
async def get_spaces(floor: TheFloor) -> SpaceList:
    """The spaces of prompts' vectors: which of them answers, how far each is, and why one is behind."""
    return spaces_of(await known(floor.pool))


HANDLERS = [get_spaces]
