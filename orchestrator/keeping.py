"""The last step of a round and of a deed by hand: judged, committed, and taken over by the session in hand."""

from typing import Any

from openoutcry.ledger.outcomes import due
from openoutcry.types.record import CycleRecord
from orchestrator.turn import Floor, Turn
from wire.crashpoint import crashpoint


async def keep(floor: Floor, turn: Turn, draft: CycleRecord, took: dict[str, Any]) -> CycleRecord:
    """Commit ``draft`` with the outcomes that are due; ``took`` are its times in seconds. Returns the record as committed."""
    cases, outcomes = due(turn.desk.cases, draft, turn.desk.judging)
    record = draft.model_copy(update={"outcomes": outcomes})
    head = await floor.commit(turn, record, took)
    crashpoint("k13")
    turn.desk.absorb(record, head, cases)
    crashpoint("k14")
    return record
