"""The last step of a round and of a deed by hand: judged, committed, and taken over by the session in hand."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from openoutcry.ledger.outcomes import due
from openoutcry.portfolio import mark
from openoutcry.types.record import CycleRecord
from orchestrator.books import Books
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


def booked(turn: Turn, books: Books, marks: Mapping[str, Decimal]) -> dict[str, Any]:
    """What a record takes over of its turn and of what happened in it, whatever kind it is of."""
    desk = turn.desk
    return {
        "seq": turn.seq,
        "as_of": turn.as_of,
        "config_digest": turn.config_digest,
        "working": tuple(desk.working[key] for key in sorted(desk.working)),
        "fills": tuple(books.fills),
        "order_updates": books.updates(),
        "news": tuple(books.news),
        "closed": tuple(books.closed),
        "portfolio_before": desk.portfolio,
        "portfolio_after": books.portfolio,
        "equity": mark(books.portfolio, marks).equity,
        "prev_hash": desk.head,
    }
