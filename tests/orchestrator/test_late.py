"""An order a person asked for does not go out minutes later unasked; what had left when the floor died is told of."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from db.commands import LASTS_S, Pending
from openoutcry.canonical import derived_id
from openoutcry.types import commands as c
from orchestrator.commands import Commander
from orchestrator.late import late
from tests.factories import ORG
from tests.mcp_servers.execution.floor import facts
from tests.mcp_servers.execution.venue import SPOT
from tests.orchestrator.test_leftovers import TAKEN, Ledger, Trader, interrupted, trader
from wire.clock import WallClock

__all__ = ["trader"]
NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
OLD = NOW - timedelta(seconds=LASTS_S + 5)
BUY = c.PlaceOrder(symbol=SPOT, side="BUY", type="MARKET", quantity="1")
SESSION = str(facts().session_id)
ADDING = [
    BUY,
    c.ExecuteHedges(),
    c.CloseHedges(),
    c.StartSession(symbol=SPOT, initial_capital="100"),
    c.ResumeSession(session_id=SESSION),
    c.RunRound(session_id=SESSION),
    c.ResetBreaker(reason="fine"),
    c.ChangeConfig(updates={"max_positions": 9}),
]
ENDING = [
    c.StopSession(session_id=SESSION),
    c.PauseSession(session_id=SESSION),
    c.CancelOrder(order_id=SESSION),
    c.HearAccount(session_id=SESSION, client_order_id="x"),
    c.ReplayRound(session_id=SESSION, seq=0),
]


def asked(command: Any, at: datetime, number: int = 1) -> Pending:
    return Pending(derived_id(ORG, "command", str(number)), ORG, number, command, "me", at)


@dataclass
class Queue(Ledger):
    """A ledger with a queue before it."""

    queue: list[Pending] = field(default_factory=list)
    ends: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.command_waiting = asyncio.Event()
        self.command_waiting.set()

    async def pending_commands(self) -> list[Pending]:
        return self.queue

    async def finish_command(self, command_id: UUID, state: str, result: dict[str, Any]) -> None:
        self.ends.append((state, result))

    async def say(self, status: str, message: str, metadata: dict[str, Any]) -> None:
        self.said.append(status)

    async def order_of_leg(self, session_id: UUID, leg: str, head_seq: int) -> UUID | None:
        legs = {o.request.leg for record in self.records if record.seq <= head_seq for o in record.orders}
        return derived_id(session_id, leg) if leg in legs else None


async def carried_out(trader: Trader, *queue: Pending) -> Queue:
    ledger, desk = Queue(queue=list(queue)), trader.desk
    spec: Any = None  # no session is started here
    await Commander(trader.floor(ledger), {desk.facts.session_id: desk}, spec).run_pending()
    return ledger


@pytest.mark.parametrize("command", ADDING, ids=lambda one: one.kind)
async def test_what_trades_or_lets_trade_is_not_begun_late(trader: Trader, command: Any) -> None:
    ledger = await carried_out(trader, asked(command, OLD))
    [(state, result)] = ledger.ends
    assert (state, result["code"], result["status"]) == ("EXPIRED", "COMMAND_EXPIRED", 409)
    assert result["error"].startswith(command.kind.replace("_", " ") + ": not carried out")
    assert ledger.said == ["command_expired"] and ledger.records == []
    assert trader.desk.portfolio.positions == ()


def test_what_only_ends_something_is_never_too_late() -> None:
    assert [late(asked(one, OLD), NOW) for one in ENDING] == [False] * len(ENDING)
    assert [late(asked(one, NOW), NOW) for one in ADDING] == [False] * len(ADDING)
    assert {type(one) for one in (*ADDING, *ENDING)} == set(c.Command.__origin__.__args__)  # type: ignore[attr-defined]


async def test_an_order_asked_for_just_now_is_placed(trader: Trader) -> None:
    ledger = await carried_out(trader, asked(BUY, WallClock().now()))
    assert ledger.ends == [("DONE", {"order_id": str(derived_id(facts().session_id, "manual-1"))})]
    assert trader.desk.portfolio.positions[0].quantity == 1 and ledger.said == []


async def test_a_late_order_that_had_left_when_the_floor_died_is_told_of_and_not_sent_again(
    trader: Trader,
) -> None:
    await interrupted(trader, TAKEN)
    trader.desk.begun = True  # as a restart finds it
    ledger = await carried_out(trader, asked(BUY, OLD), asked(BUY, OLD, number=2))
    assert [state for state, _ in ledger.ends] == ["DONE", "EXPIRED"]
    assert ledger.ends[0][1] == {"order_id": str(derived_id(facts().session_id, "manual-1"))}
    [record] = ledger.records
    assert record.detail["left_over"] == ["manual-1"] and trader.desk.portfolio.positions[0].quantity == 1
