"""A database on a disk that is truly full: what happens to an order, and afterwards. Run by test_p9_small_disk.py in a place
of its own, for a disk has to be mounted.
"""

import asyncio
import json
import logging
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from time import monotonic

import asyncpg
import structlog

from db.migrate import upgrade
from db.pool import UNANSWERED, retrying
from mcp_servers.execution.venues.audit import ledger_balances
from openoutcry.errors import ToolFailed
from outcry.opening.database import Database, opened
from tests.mcp_servers.execution.floor import Floor, arguments, floor_in_memory, token
from tests.mcp_servers.execution.test_kills import journal
from tests.mcp_servers.execution.test_placing import ENTRY
from tests.patience import PATIENCE_S

BLOCK = b"x" * 4096
JUNK = "CREATE TABLE junk AS SELECT repeat(md5(n::text), 200) AS much FROM generate_series(1, 20000) n"
WRITTEN, NEXT_FILE = "SELECT pg_logical_emit_message(true, 'test', 'x')", "SELECT pg_switch_wal()"
"""A line in the database's journal, which then goes on in a new file."""
MOST = 200
"""So many orders do not fit into what is free within the files."""


def fill(ballast: Path) -> None:
    """Write until the disk takes nothing more."""
    file = os.open(ballast, os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, BLOCK)
    except OSError:
        os.close(file)


async def attempt(floor: Floor, seq: int, timeout_s: float = 20) -> str:
    """What an order comes to."""
    asked, round_token = arguments(ENTRY, seq, 0), token(seq, 0)
    try:
        done = await floor.server.call("place_order", asked, round_token=round_token, timeout_s=timeout_s)
        return str(done["status"])
    except ToolFailed as failed:
        return failed.code


async def bulk(floor: Floor) -> str:
    """What a large write comes to."""
    try:
        await retrying(floor.pool, lambda connection: connection.execute(JUNK), within_s=2)
    except asyncpg.DiskFullError:
        return "DISK_FULL"
    return "written"


async def without_a_journal(floor: Floor, database: Database, notice: Callable[[str, str], None]) -> None:
    """Let the database need new files of its journal, and look after it meanwhile."""
    for _ in range(20):
        with suppress(*UNANSWERED):
            await floor.pool.execute(WRITTEN)
            await floor.pool.execute(NEXT_FILE)
        await asyncio.to_thread(database.keep_alive, notice)


async def agreement(floor: Floor) -> dict[str, int]:
    """Orders that the exchange has, and those that the database knows to have been sent."""
    sent = "SELECT count(*) FROM orders WHERE status = 'FILLED'"
    return {"venue": ledger_balances(journal(floor.home)).orders, "rows": await floor.pool.fetchval(sent)}


async def main(home: Path, disk: Path) -> None:
    logging.disable()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    said: list[str] = []

    def notice(name: str, what: str) -> None:
        said.append(f"{name}: {what}")

    found: dict[str, object] = {}
    with opened(disk, None) as database:
        await upgrade(database.url)
        async with floor_in_memory(home, database.url) as floor:
            found["before"] = await attempt(floor, 1)
            fill(disk / "ballast")
            found["bulk"], seq = await bulk(floor), 1
            while (status := await attempt(floor, seq := seq + 1)) == "FILLED" and seq < MOST:
                pass
            found |= {"full": status, "agree": await agreement(floor)}
            await without_a_journal(floor, database, notice)
            found["no_journal"] = await attempt(floor, seq + 1, 1.0)
            (disk / "ballast").unlink()
            deadline = monotonic() + PATIENCE_S
            while (status := await attempt(floor, seq)) != "FILLED" and monotonic() < deadline:
                await asyncio.to_thread(database.keep_alive, notice)
                await asyncio.sleep(0.2)
            found |= {"room": status, "agree_again": await agreement(floor), "said": said}
    print(json.dumps(found))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), Path(sys.argv[2])))
