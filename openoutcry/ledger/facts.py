"""What a session was opened with: the ground its chain stands on."""

from typing import Literal
from uuid import UUID

from openoutcry.canonical import digest
from openoutcry.types.amounts import PositiveAmount
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Source


class SessionFacts(Frozen):
    """The opening facts of a session. ``config_digest`` is the digest of the settings it was opened with."""

    session_id: UUID
    org_id: UUID
    mode: Literal["PAPER", "LIVE"]
    symbol: str
    hedge_symbol: str | None
    exchange: str
    timeframe: str
    source: Source
    seed: int
    initial_capital: PositiveAmount
    config_digest: str

    @property
    def venue(self) -> str:
        """Where its orders go: ``PAPER``, or the exchange when it trades live."""
        return "PAPER" if self.mode == "PAPER" else self.exchange


def genesis_hash(facts: SessionFacts) -> str:
    """The ``prev_hash`` of a session's first record.

    Ids are left out: two runs from the same seed and data, in different databases, have the same chain.
    """
    return digest({"ledger": 1, **facts.model_dump(mode="json", exclude={"session_id", "org_id"})})
