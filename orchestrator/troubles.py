"""What of a record is trouble that people should hear of: ``error`` messages for WebSocket clients."""

from collections.abc import Iterator

from openoutcry.ledger.announce import Event
from openoutcry.ledger.facts import SessionFacts
from openoutcry.types.market import DataFault
from openoutcry.types.orders import PlannedOrder, Refused
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Abstain

TOOLS_CHANGED = "TOOLS_CHANGED"
"""How the detail of such an abstention begins."""


def troubles(record: CycleRecord, facts: SessionFacts, known: frozenset[DataFault]) -> tuple[Event, ...]:
    """Orders not taken, agents stopped, and data faults that were not there in the round before."""
    said = [*_orders(record), *_stopped(record), *_faults(record, known)]
    label = {"session_id": str(facts.session_id), "seq": record.seq, "source": record.source}
    return tuple(
        Event("error", {"error": what, "details": why, "severity": how, **label}, record.as_of)
        for what, why, how in said
    )


def faults_of(record: CycleRecord) -> frozenset[DataFault]:
    """The data faults a record saw."""
    return frozenset(record.snapshot.faults) if record.snapshot is not None else frozenset()


def _orders(record: CycleRecord) -> Iterator[tuple[str, str, str]]:
    for planned in record.orders:
        why = _why_not(planned)
        if why is not None:
            yield "Failed to execute order", f"{planned.request.leg} {planned.request.symbol}: {why}", "high"


def _why_not(planned: PlannedOrder) -> str | None:
    verdict = planned.verdict
    if isinstance(verdict, Refused):
        return f"{verdict.message or verdict.rule} ({verdict.rule}: {verdict.value}, limit {verdict.limit})"
    if planned.state is not None and planned.state.status in ("REJECTED", "UNKNOWN"):
        return planned.state.error or planned.state.status
    return None


def _stopped(record: CycleRecord) -> Iterator[tuple[str, str, str]]:
    """Agents that a tool's changed description has stopped, until somebody has looked at it."""
    for ballot in record.ballots:
        answer = ballot.answer
        if isinstance(answer, Abstain) and answer.detail.startswith(TOOLS_CHANGED):
            yield "Agent stopped", f"{ballot.agent}: {answer.detail}", "high"


def _faults(record: CycleRecord, known: frozenset[DataFault]) -> Iterator[tuple[str, str, str]]:
    before = {(fault.symbol, fault.kind) for fault in known}
    for fault in sorted(faults_of(record), key=lambda f: (f.symbol, f.kind)):
        if (fault.symbol, fault.kind) not in before:
            yield "Market data fault", f"{fault.symbol} {fault.kind}: {fault.detail}", "medium"
