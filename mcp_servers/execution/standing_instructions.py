"""Standing instructions as whoever acts by them reads them: signed with the entry's approval, for that entry and no other."""

from dataclasses import dataclass
from uuid import UUID

from db.pool import Row
from mcp_servers.execution.venues.protocol import Venue
from openoutcry.errors import NotAuthorised
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id
from openoutcry.types.orders import Approval, Bracket, OrderRequest
from wire.tokens import verify_approval


@dataclass(frozen=True, slots=True)
class Instruction:
    """A standing instruction whose signature was checked, and the entry it belongs to."""

    facts: SessionFacts
    seq: int
    leg: str
    entry: OrderRequest
    bracket: Bracket

    @property
    def key(self) -> tuple[UUID, int, str]:
        """What names the entry among those of all sessions."""
        return self.facts.session_id, self.seq, self.leg


def read(key: bytes, row: Row, facts: SessionFacts, venue: Venue) -> Instruction | None:
    """The instruction of a row of ``db.standing``; None while the venue knows no such entry.

    Raises NotAuthorised for one that was not signed with ``key``, or was for another order.
    """
    approval = Approval.model_validate(row["standing"])
    verify_approval(key, approval)
    seq, leg = row["seq"], row["leg"]
    name = client_order_id(facts.session_id, seq, leg)
    if approval.bracket is None or (approval.session_id, approval.seq, approval.client_order_id) != (
        str(facts.session_id), seq, name,
    ):  # fmt: skip
        raise NotAuthorised("standing instruction: made for another order")
    entry = next((r for r, s in venue.orders() if (s.order_seq, s.leg) == (seq, leg)), None)
    return None if entry is None else Instruction(facts, seq, leg, entry, approval.bracket)
