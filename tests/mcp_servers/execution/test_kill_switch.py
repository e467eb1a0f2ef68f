"""G7: how long after the kill switch was thrown the venue still took an order; and a ghost that takes none at all.

``make kill-switch`` does it 1,000 times and prints the figure.
"""

import asyncio
import os
import signal
from pathlib import Path
from random import Random

import pytest

from openoutcry.errors import ToolFailed
from tests.mcp_servers.execution.floor import Floor, arguments, bearer, floor_in_memory, halted, token
from tests.mcp_servers.execution.killing import DOORS, Trader, five_doors
from tests.mcp_servers.execution.process import ServerProcess, floor_of_processes
from tests.mcp_servers.execution.test_placing import ENTRY, at_venue
from tests.mcp_servers.execution.venue import order
from wire.connect import Connection

SMALL = order("entry", "BUY", "MARKET", "0.1")
GOAL_S = 1.0
STOPPED_S = float(os.environ.get("STOPPED_S", "4"))
"""How long a process is stopped: longer than a lease outlives its last renewal (``STOPPED_S=60`` for a whole minute)."""


async def test_g7_by_each_of_the_five_doors(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    chance, late = Random(7), []
    async with floor_in_memory(tmp_path, fresh_database) as floor, five_doors(floor, fresh_database) as doors:
        trader = Trader(floor)
        assert tuple(doors) == DOORS
        for name, throws in doors.items():
            late.append(await trader.trial(chance, throws))
            stood = await floor.pool.fetchval("SELECT count(*) FROM events WHERE data->'metadata'->>'source' = $1",
                                              "api" if name == "rest" else name)  # fmt: skip
            assert stood == 1, name
    assert max(late) <= GOAL_S


async def test_g7_with_a_process_and_its_restart(
    tmp_path: Path, fresh_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_DATABASE_URL", fresh_database)
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start()
        await server.ready()
        trader = Trader(floor)
        async with five_doors(floor, fresh_database, typed=True) as doors:
            assert await trader.trial(Random(7), doors["cli"]) <= GOAL_S
        await halted(floor.pool, "and it stays so")
        server.kill()
        server.start()
        await server.ready()
        assert await trader.order() == "HALTED: and it stays so"


async def test_p12_an_executor_that_stood_still_sends_nothing_that_was_halted_meanwhile(
    tmp_path: Path, fresh_database: str
) -> None:
    """Stopped between SENT and the first byte, alone, and for so long that its leases have run out."""
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start("k9@2:stop")
        await server.ready()
        await floor.place(ENTRY, seq=1, hour=0)
        asked = arguments(SMALL, 2, 0)
        placing = floor.server.call("place_order", asked, round_token=token(2, 0), timeout_s=STOPPED_S + 120)
        sending = asyncio.create_task(placing)
        await server.stopped()
        await halted(floor.pool, "while it stood still")
        await asyncio.sleep(STOPPED_S)
        server.signal(signal.SIGCONT)
        await asyncio.gather(sending, return_exceptions=True)  # after a minute nobody holds the line any more
        done = await floor.place(SMALL, seq=2, hour=0)
        assert (done["status"], done["error"]) == ("REJECTED", "HALTED: while it stood still")
        row = await floor.row(2, "entry")
        assert at_venue(floor) == 1 and row is not None and row["status"] == "REJECTED"


@pytest.mark.parametrize("where", ["before it reads the call", "after SENT"])
async def test_p12_an_order_whose_caller_gave_up_is_dropped_on_waking_and_placed_once_when_asked_for_again(
    tmp_path: Path, fresh_database: str, where: str
) -> None:
    """Nothing else changed meanwhile: no halt, and the lease is still its own. Only nobody waits for that call any more."""
    sent = where == "after SENT"
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start("k9@2:stop" if sent else None)
        await server.ready()
        await floor.place(ENTRY, seq=1, hour=0)
        if not sent:
            server.signal(signal.SIGSTOP)
        with pytest.raises(ToolFailed, match="DEADLINE"):
            asked = arguments(SMALL, 2, 0)
            await floor.server.call("place_order", asked, round_token=token(2, 0), timeout_s=1.0)
        await server.stopped()
        server.signal(signal.SIGCONT)
        for _ in range(3):  # whatever it read first, it answers these after that
            await floor.sync(seq=1, hour=0)
        row = await floor.row(2, "entry")
        assert at_venue(floor) == 1
        assert (None if row is None else row["status"]) == ("SENT" if sent else None)
        assert (await floor.place(SMALL, seq=2, hour=0))["status"] == "FILLED" and at_venue(floor) == 2


async def test_p6_p12_a_stopped_executor_that_wakes_after_its_replacement_sends_nothing(
    tmp_path: Path, fresh_database: str
) -> None:
    async with floor_of_processes(tmp_path, fresh_database) as (floor, ghost):
        ghost.start("k9@2:stop")
        await ghost.ready()
        await floor.place(ENTRY, seq=1, hour=0)
        asked = arguments(SMALL, 2, 0)
        placing = floor.server.call("place_order", asked, round_token=token(2, 0), timeout_s=150)
        sending = asyncio.create_task(placing)
        await ghost.stopped()
        replacement = ServerProcess(tmp_path, fresh_database)
        replacement.start()
        connection = Connection("execution", f"http://127.0.0.1:{replacement.port}/mcp", bearer())
        instead = Floor(floor.home, floor.pool, connection)
        try:
            await replacement.ready()
            for _ in range(
                100
            ):  # until the ghost's lease has run out; the account's file is still the ghost's
                with pytest.raises(ToolFailed) as refused:
                    await instead.sync(seq=3, hour=0)
                if refused.value.code != "FENCED":
                    break
                await asyncio.sleep(0.1)
            ghost.signal(signal.SIGCONT)
            with pytest.raises(ToolFailed, match="FENCED"):
                await sending
            assert at_venue(floor) == 1
            done = await instead.sync(seq=3, hour=0)  # the ghost let go of the account
            assert [(o["leg"], o["status"]) for o in done["orders"]][-1] == ("entry", "REJECTED")
            assert (await instead.place(SMALL, seq=3, hour=0))["status"] == "FILLED"
        finally:
            await connection.close()
            replacement.kill()
