"""P9 and P12 at the execution server: a full disk sends nothing, and told to end amid orders it leaves none in doubt."""

import asyncio
import signal
from pathlib import Path

import pytest

from mcp_servers.execution.venues.audit import ledger_balances
from openoutcry.errors import ToolFailed
from tests.db.test_pool import FULL
from tests.mcp_servers.execution.floor import arguments, floor_in_memory, token
from tests.mcp_servers.execution.process import floor_of_processes
from tests.mcp_servers.execution.test_kills import journal
from tests.mcp_servers.execution.test_placing import ENTRY, at_venue
from tests.mcp_servers.execution.venue import order

SMALL = order("entry", "BUY", "MARKET", "0.1")
WITHIN_S = 10.0


async def test_p9_an_intent_that_finds_no_room_sends_nothing_and_the_next_one_is_served(
    tmp_path: Path, fresh_database: str
) -> None:
    async with floor_in_memory(tmp_path, fresh_database) as floor:
        await floor.pool.execute(FULL.format(table="orders"))
        with pytest.raises(ToolFailed) as refused:
            await floor.place(ENTRY, seq=1, hour=0)
        assert "space" not in str(refused.value), "the server's words stay in its log"
        assert at_venue(floor) == 0 and await floor.row(1, "entry") is None
        await floor.pool.execute("DROP FUNCTION no_room CASCADE")
        assert (await floor.place(ENTRY, seq=1, hour=0))["status"] == "FILLED"
        assert at_venue(floor) == 1


async def test_p12_told_to_end_amid_orders_it_ends_in_time_and_every_order_exists_once(
    tmp_path: Path, fresh_database: str
) -> None:
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start()
        await server.ready()
        placed: dict[int, str] = {}

        async def stream() -> None:
            for seq in range(1, 10_000):
                asked = arguments(SMALL, seq, 0)
                done = await floor.server.call("place_order", asked, round_token=token(seq, 0), timeout_s=60)
                placed[seq] = done["status"]

        trading = asyncio.create_task(stream())
        while len(placed) < 5:
            assert not trading.done()
            await asyncio.sleep(0.01)
        began = asyncio.get_running_loop().time()
        code = await asyncio.to_thread(server.stop)
        assert code in (0, -signal.SIGTERM) and asyncio.get_running_loop().time() - began < WITHIN_S
        with pytest.raises(ToolFailed):
            await trading
        server.start()
        await server.ready()
        for seq in range(1, len(placed) + 3):  # all that were answered, the one in flight, and one more
            done = await floor.place(SMALL, seq=seq, hour=0)
            assert done["status"] == "FILLED"
        audit = ledger_balances(journal(tmp_path))
        assert (audit.orders, audit.names, audit.fills) == (len(placed) + 2,) * 3
        assert set(audit.postings.values()) == {0}
        states = await floor.pool.fetch("SELECT DISTINCT status FROM orders")
        assert [row["status"] for row in states] == ["FILLED"]
