"""What is said of hedges before anything is traded; the rest is tried on a real floor in tests/e2e/test_hedges.py."""

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from openoutcry.errors import BadInput
from openoutcry.settings import Settings
from openoutcry.types.commands import CloseHedges, ExecuteHedges
from orchestrator.desk import Desk
from orchestrator.hedges import close_hedges, execute_hedges
from tests.openoutcry.risk.books import SPOT, holding, position


@dataclass
class NoStore:
    """A ledger without orders."""

    asked: list[str] = field(default_factory=list)

    async def hedge_orders(self, session_id: UUID, leg: str) -> list[Any]:
        self.asked.append(leg)
        return []

    async def order_of_leg(self, session_id: UUID, leg: str, head_seq: int) -> None:
        return None


def floor(**hedging: Any) -> Any:
    return SimpleNamespace(settings=Settings.model_validate({"hedging": hedging}), store=NoStore())


def desk(hedge_symbol: str | None, *held: Any) -> Desk:
    facts: Any = SimpleNamespace(session_id=UUID(int=1), symbol=SPOT, hedge_symbol=hedge_symbol)
    return Desk(
        facts=facts, judging=None, seq=3, head="h", portfolio=holding(*held), marks={SPOT: Decimal(100)}
    )  # type: ignore[arg-type]


async def test_spot_without_a_perpetual_is_said_and_not_taken_for_hedged() -> None:
    alone = desk(None, position(SPOT, "LONG", 2))
    told = await execute_hedges(floor(), [alone], ExecuteHedges(), 7)
    assert (told["status"], told["executed_trades"]) == ("refused", [])
    assert (
        told["message"]
        == f"Failed to execute hedge adjustments: BTC-PERP: no perpetual of {SPOT} is traded here"
    )
    unhedged = await execute_hedges(floor(), [alone], ExecuteHedges(ratio=0), 7)
    assert unhedged["message"] == "No hedge adjustments needed"
    assert (await close_hedges(floor(), [alone], CloseHedges(), 7))[
        "message"
    ] == "No hedge positions to close"


async def test_without_spot_there_is_nothing_to_do_and_no_record() -> None:
    flat = desk(f"{SPOT}:USDT")
    assert (await execute_hedges(floor(), [flat], ExecuteHedges(), 7))[
        "message"
    ] == "No hedge adjustments needed"
    assert (await close_hedges(floor(), [flat], CloseHedges(), 7))["message"] == "No hedge positions to close"
    assert (await execute_hedges(floor(), [], ExecuteHedges(), 7))["status"] == "completed"


async def test_a_floor_that_does_not_hedge_says_so() -> None:
    with pytest.raises(BadInput, match="switched off") as caught:
        await execute_hedges(floor(enabled=False), [], ExecuteHedges(), 7)
    assert caught.value.field == "hedging.enabled"
