"""``/api/v1/decisions/{id}/replay``: a recorded round thought through once more, by the orchestrator's own code."""

from uuid import UUID

from litestar import post
from litestar.params import FromPath

from api.access import caller_of
from api.commands import carry_out
from api.failures import Failure
from api.floor import TheFloor
from api.params import read_id
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.reads import decisions as reads
from openoutcry.types.commands import ReplayRound


class Replayed(Shape, frozen=True, kw_only=True):
    """How a replay went. ``digest`` is the ledger's hash of the round, ``recomputed`` what came out now; each difference
    names a path in the record, what was recorded and what came out.
    """

    identical: bool
    digest: str
    recomputed: str
    differences: list[str]
    decision_id: UUID
    session_id: UUID
    seq: int
    took_ms: float


@post("/api/v1/decisions/{id:str}/replay", tags=["decisions"], status_code=200, haste="search")
async def replay(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Replayed:
    """Recompute the round of a decision from its record. It changes nothing; the floor does it between two rounds."""
    decision_id = read_id(id, "decision")
    row = await reads.get_decision(floor.pool, caller_of(request).org_id, decision_id)
    if row is None:
        raise Failure(404, "decision not found", decision_id=id)
    command = ReplayRound(session_id=str(row["session_id"]), seq=row["seq"])
    done = await carry_out(request, floor, command)
    return Replayed(
        identical=done["identical"],
        digest=done["digest"],
        recomputed=done["recomputed"],
        differences=list(done["differences"]),
        decision_id=row["decision_id"],
        session_id=row["session_id"],
        seq=row["seq"],
        took_ms=done["took_ms"],
    )


HANDLERS = [replay]
