"""What the exchange did between records is told by one record by hand, and by none when one has told of it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from openoutcry.ledger.chain import link
from openoutcry.orders import client_order_id
from openoutcry.types.commands import HearAccount
from openoutcry.types.record import CycleRecord
from orchestrator.manual import hear_account
from tests.mcp_servers.execution.floor import facts, floor_in_memory
from tests.mcp_servers.execution.venue import HOUR, SESSION, SPOT, T0, order
from tests.orchestrator.test_leftovers import Killed, Ledger, Trader

RESTING = order("manual-1", "BUY", "LIMIT", "1", price="99")
NAME = client_order_id(facts().session_id, 1, "manual-1")
COMMAND = HearAccount(session_id=SESSION, client_order_id=NAME)


@dataclass
class Telling(Ledger):
    """Knows what its records tell."""

    async def untold(self, command: HearAccount) -> bool:
        return not any(state.status == "FILLED" for record in self.records for state in record.order_updates)


@pytest.fixture
async def resting(tmp_path: Path, fresh_database: str) -> AsyncIterator[Trader]:
    """An order that waits at the venue, an hour before the price comes to it."""
    async with floor_in_memory(tmp_path, fresh_database) as running:
        trader = Trader(running)
        await trader.orders(RESTING)
        assert [w.state.status for w in trader.desk.working.values()] == ["NEW"]
        trader.desk.as_of = T0 + HOUR
        yield trader


async def hear(
    trader: Trader, ledger: Ledger, number: int = 7, recorded: CycleRecord | None = None
) -> int | None:
    floor = trader.floor(ledger)
    floor.recorded = recorded
    told = await hear_account(floor, trader.desk, COMMAND, number)
    assert told["session_id"] == SESSION
    seq: int | None = told["seq"]
    return seq


async def test_a_fill_between_records_is_booked_by_one_record(resting: Trader) -> None:
    ledger = Telling()
    assert await hear(resting, ledger) == 2
    (record,) = ledger.records
    assert (record.kind, record.detail["heard"], record.orders) == ("MANUAL", 7, ())
    assert [(f.leg, f.quantity, f.price) for f in record.fills] == [("manual-1", 1, 99)]
    assert [(s.leg, s.status) for s in record.order_updates] == [("manual-1", "FILLED")]
    assert resting.desk.working == {}
    assert [(p.symbol, p.quantity) for p in resting.desk.portfolio.positions] == [(SPOT, Decimal(1))]
    assert await hear(resting, ledger, 8) is None and ledger.records == [record] and resting.desk.seq == 3


async def test_killed_before_its_record_it_is_heard_again_and_booked_once(resting: Trader) -> None:
    with pytest.raises(Killed):
        await hear(resting, Telling(dies=True))
    ledger = Telling()
    assert await hear(resting, ledger) == 2 and await hear(resting, ledger) is None
    assert [len(record.fills) for record in ledger.records] == [1]


async def test_a_floor_that_is_halted_or_paused_books_all_the_same(resting: Trader) -> None:
    resting.desk.paused = True
    ledger = Telling()
    floor = resting.floor(ledger)
    floor.halted = "drill"
    assert (await hear_account(floor, resting.desk, COMMAND, 7))["seq"] == 2
    assert [len(record.fills) for record in ledger.records] == [1]


async def test_its_record_recomputes_to_the_byte(resting: Trader) -> None:
    first = Telling()
    await hear(resting, first)
    again, trader = Telling(), Trader(resting.server)
    await trader.orders(RESTING)
    trader.desk.as_of = T0 + HOUR
    await hear(trader, again, recorded=first.records[0])
    assert link(again.records[0]) == link(first.records[0])
