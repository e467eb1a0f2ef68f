"""kill -9 of a real execution server between any two steps of the order protocol."""

import signal
from pathlib import Path
from random import Random

import pytest

from mcp_servers.execution.venues.audit import ledger_balances
from openoutcry.errors import NotAuthorised, ToolFailed
from openoutcry.types.orders import OrderRequest
from tests.mcp_servers.execution.floor import Floor, bearer
from tests.mcp_servers.execution.process import ServerProcess, floor_of_processes
from tests.mcp_servers.execution.venue import SESSION, order
from wire.connect import Connection

ENTRY = order("entry", "BUY", "MARKET", "1")
STOP = order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="95", reduce_only=True)
LEFT = {"k8": ("INTENT", 1), "k9": ("SENT", 1), "k10": ("SENT", 2), "k11": ("SENT", 2)}
"""Crash point → what the row says after the kill, and how many orders the venue has."""
SEED = 20230101


def journal(home: Path) -> Path:
    return home / "venue" / f"{SESSION}.jsonl"


@pytest.mark.parametrize(
    ("point", "again"),
    [
        ("k8", "same round"),
        ("k9", "same round"),
        ("k9", "next round"),
        ("k10", "same round"),
        ("k10", "next round"),
        ("k11", "same round"),
    ],
)
async def test_p5_killed_between_two_steps(
    tmp_path: Path, fresh_database: str, point: str, again: str
) -> None:
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start(f"{point}@2")
        await server.ready()
        entry = await floor.place(ENTRY, seq=1, hour=0)
        with pytest.raises(ToolFailed):
            await floor.place(STOP, seq=1, hour=0, after=entry["cursor"])
        assert await server.killed()
        row = await floor.row(1, "stop_loss")
        assert row is not None and row["status"] == LEFT[point][0]
        assert ledger_balances(journal(tmp_path)).orders == LEFT[point][1]

        server.start()
        await server.ready()
        if again == "same round":
            done = await floor.place(STOP, seq=1, hour=0, after=entry["cursor"])
            assert (done["status"], done["order"]["venue_order_id"]) == ("NEW", "V-000002")
            row = await floor.row(1, "stop_loss")
            assert row is not None and (row["status"], row["venue_order_id"]) == ("NEW", "V-000002")
        news = await floor.sync(seq=2, hour=1, after=entry["cursor"])
        arrived = again == "same round" or LEFT[point][1] == 2
        assert [f["leg"] for f in news["fills"]] == (["stop_loss"] if arrived else [])
        assert [(o["leg"], o["status"]) for o in news["orders"]] == [
            ("stop_loss", "FILLED" if arrived else "REJECTED")
        ]
        audit = ledger_balances(journal(tmp_path))
        assert (audit.orders, audit.names, audit.fills) == ((2, 2, 2) if arrived else (1, 1, 1))
        assert set(audit.postings.values()) == {0}
        assert server.stop() in (0, -signal.SIGTERM)


async def test_p5_killed_at_random_moments_every_order_exists_once(
    tmp_path: Path, fresh_database: str
) -> None:
    """A stream of orders, each asked for until it is answered, over a server that keeps dying."""
    draw = Random(SEED)
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        plan = [f"k{draw.choice([8, 9, 10, 11])}@{draw.randint(1, 4)}" for _ in range(6)]
        server.start(plan[0])
        await server.ready()
        deaths, after = 0, 0
        for seq in range(1, 16):
            request = order("entry", "BUY" if seq % 2 else "SELL", "MARKET", "0.1")
            while True:
                try:
                    done = await floor.place(request, seq=seq, hour=0, after=after)
                    break
                except ToolFailed:
                    deaths += 1
                    assert await server.killed()
                    server.start(plan[deaths] if deaths < len(plan) else None)
                    await server.ready()
            assert (done["status"], [f["order_seq"] for f in done["fills"]]) == ("FILLED", [seq])
            assert done["fills"][0]["trade_id"] == f"T-{seq:06d}"
            after = done["cursor"]
        assert deaths >= 4
        audit = ledger_balances(journal(tmp_path))
        assert (audit.orders, audit.names, audit.fills) == (15, 15, 15) and set(audit.postings.values()) == {
            0
        }
        rows = await floor.pool.fetch("SELECT status, count(*) AS many FROM orders GROUP BY status")
        assert [(row["status"], row["many"]) for row in rows] == [("FILLED", 15)]


async def test_tokens_are_checked_and_a_second_server_is_kept_out(
    tmp_path: Path, fresh_database: str
) -> None:
    async with floor_of_processes(tmp_path, fresh_database) as (floor, server):
        server.start()
        await server.ready()
        await floor.place(ENTRY, seq=1, hour=0)
        url = f"http://127.0.0.1:{server.port}/mcp"
        with pytest.raises(NotAuthorised):
            await _placing_with(url, bearer()[:-4] + "AAAA", floor)
        with pytest.raises(NotAuthorised, match="order:place"):
            await _placing_with(url, bearer("order:read"), floor)
        second = ServerProcess(tmp_path, fresh_database)
        second.start()
        try:
            await second.ready()
            with pytest.raises(ToolFailed, match="FENCED"):
                await _placing_with(f"http://127.0.0.1:{second.port}/mcp", bearer(), floor)
        finally:
            second.kill()


async def _placing_with(url: str, token: str, floor: Floor, request: OrderRequest = STOP) -> None:
    connection = Connection("execution", url, token)
    try:
        await Floor(floor.home, floor.pool, connection).place(request, seq=1, hour=0)
    finally:
        await connection.close()
