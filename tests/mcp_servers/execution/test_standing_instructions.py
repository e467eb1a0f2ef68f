"""A standing instruction is read as it was signed, for its own entry, or not at all."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from mcp_servers.execution.standing_instructions import read
from openoutcry.errors import NotAuthorised
from openoutcry.orders import client_order_id
from openoutcry.types.orders import Approval, Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.floor import KEY, facts
from tests.mcp_servers.execution.venue import order
from wire.clock import WallClock
from wire.tokens import sign_approval

FACTS = facts()
ENTRY = order("entry", "BUY", "MARKET", "0.5", symbol="BTC/USDT")
BRACKET = Bracket(stop_loss=Decimal(58_000))


class Told:
    """A venue that has one order."""

    def __init__(self, seq: int = 1, leg: str = "entry") -> None:
        self._state = OrderState(order_seq=seq, leg=leg, status="FILLED")

    def orders(self) -> tuple[tuple[OrderRequest, OrderState], ...]:
        return ((ENTRY, self._state),)


def row(key: bytes = KEY, **change: Any) -> Any:
    """A row of approvals for round 1's entry, whose signed instruction differs in ``change``."""
    signed = {
        "approval_id": "00000000-0000-0000-0000-000000000001", "order_hash": "0" * 64, "session_id": str(FACTS.session_id),
        "client_order_id": client_order_id(FACTS.session_id, 1, "entry"), "seq": 1, "mac": "", "reduces": False,
        "expires_at": WallClock().now() + timedelta(hours=1), "bracket": BRACKET,
    }  # fmt: skip
    approval = sign_approval(key, Approval.model_validate(signed | change))
    return {"seq": 1, "leg": "entry", "standing": approval.model_dump(mode="json")}


def test_it_is_its_entrys() -> None:
    venue: Any = Told()
    found = read(KEY, row(), FACTS, venue)
    assert found is not None and (found.entry, found.bracket) == (ENTRY, BRACKET)
    assert found.key == (FACTS.session_id, 1, "entry")


@pytest.mark.parametrize("seq_leg", [(2, "entry"), (1, "hedge")])
def test_while_the_venue_knows_no_such_entry_there_is_none(seq_leg: tuple[int, str]) -> None:
    venue: Any = Told(*seq_leg)
    assert read(KEY, row(), FACTS, venue) is None


@pytest.mark.parametrize(
    "change",
    [
        {"seq": 2},
        {"session_id": "00000000-0000-0000-0000-00000000dead"},
        {"client_order_id": client_order_id(FACTS.session_id, 1, "hedge")},
        {"bracket": None},
        {"key": b"k" * 32},
    ],
)
def test_one_that_was_made_for_another_order_or_by_somebody_else_is_refused(change: dict[str, Any]) -> None:
    venue: Any = Told()
    with pytest.raises(NotAuthorised):
        read(KEY, row(**change), FACTS, venue)
