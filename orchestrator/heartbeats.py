"""Who is there: agents' status from the ballots they cast, noted at once when it changes and else every few seconds."""

from time import monotonic

from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Abstain
from openoutcry.version import VERSION
from openoutcry.voting.seats import Seat
from orchestrator.store import Store

EVERY_S = 5.0
ABSENT = frozenset({"deadline", "unreachable", "error", "unparsable", "wrong_agent"})
"""Abstentions that say something about the agent rather than about the market."""


class Heartbeats:
    """Notes every agent of a round in the database."""

    def __init__(self, store: Store, seats: tuple[Seat, ...]) -> None:
        self._store = store
        self._voices = {seat.agent: seat.voice for seat in seats}
        self._noted: dict[str, tuple[bool, float]] = {}
        self._votes: dict[str, int] = {}
        self._last: dict[str, str] = {}

    async def note(self, record: CycleRecord) -> None:
        """Take in a round's ballots."""
        for ballot in record.ballots:
            name, answer = ballot.agent, ballot.answer
            ok = not (isinstance(answer, Abstain) and answer.reason in ABSENT)
            if not isinstance(answer, Abstain):
                self._votes[name] = self._votes.get(name, 0) + 1
                self._last[name] = record.as_of.isoformat()
            before, at = self._noted.get(name, (None, 0.0))
            if before is ok and monotonic() - at < EVERY_S:
                continue
            self._noted[name] = (ok, monotonic())
            metadata = {
                "version": VERSION,
                "type": self._voices.get(name, "analysis"),
                "signals_generated": self._votes.get(name, 0),
                "last_signal_at": self._last.get(name),
                "model": ballot.mind.model,
            }
            if isinstance(answer, Abstain) and not ok:
                metadata["abstained"] = f"{answer.reason}: {answer.detail}"[:200]
            await self._store.agent_seen(name, ok=ok, metadata=metadata)
