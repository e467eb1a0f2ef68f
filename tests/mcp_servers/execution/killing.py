"""Trials of the kill switch: trade, throw it through one of its doors at a random moment, and see how late an order was taken.

Used by the tests beside it and by ``benchmarks/kill_switch.py``, which does many.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from random import Random
from uuid import UUID

from db import halting
from openoutcry.settings import Settings
from openoutcry.types.commands import Halt
from orchestrator.breaker import tripped
from orchestrator.store import News, Store
from outcry.halts import throw
from tests.api.conftest import _keys, world_on
from tests.factories import Session
from tests.mcp_servers.execution.floor import Floor
from tests.mcp_servers.execution.venue import T0, order
from wire.clock import WallClock
from wire.config import DEFAULT_ORG

DOORS = ("rest", "cli", "mcp", "file", "breaker")
BUY, SELL = (order("entry", side, "MARKET", "0.1") for side in ("BUY", "SELL"))
ORG = UUID(DEFAULT_ORG)
STORED = "SELECT extract(epoch FROM updated_at)::float8 FROM floor_state WHERE key = 'halt'"
LATCH = {"max_daily_loss": {"value": "0.06", "limit": "0.05", "seq": 3, "as_of": T0.isoformat()}}
Doors = dict[str, Callable[[], Awaitable[None]]]


class Trader:
    """Buys and sells in turn, one order after another, under rounds numbered from 1 on."""

    def __init__(self, floor: Floor) -> None:
        self.floor, self.seq, self._holds = floor, 0, False

    async def order(self) -> str | None:
        """Why the next order was refused; None for one that the venue took."""
        self.seq += 1
        asked = SELL if self._holds else BUY
        done = await self.floor.place(asked, seq=self.seq, hour=0)
        if done["status"] != "FILLED":
            return str(done["error"])
        self._holds = not self._holds
        return None

    async def trial(self, chance: Random, throws: Callable[[], Awaitable[None]]) -> float:
        """How late the last order was taken (seconds): by the venue's own file, which is written when it takes one and not when
        whoever asked hears of it; counted from when the halt was stored, or the door had answered before.
        """
        thrown: list[float] = []

        async def throw_soon() -> None:
            await asyncio.sleep(chance.random() * 0.1)
            await throws()
            thrown.append(WallClock().now().timestamp())

        assert (why := await self.order()) is None, f"nothing is taken before the halt: {why}"
        throwing, refused = asyncio.create_task(throw_soon()), 0
        while refused < 2:
            why = await self.order()
            assert why is not None or not refused, "an order was taken after one had been refused"
            assert why is None or why.startswith("HALTED"), why
            refused += why is not None
        stored = await _stored(self.floor)
        [book] = (self.floor.home / "venue").glob("*.jsonl")
        last = book.stat().st_mtime
        (self.floor.home / "KILL").unlink(missing_ok=True)
        await self.released()  # whoever waits for open orders to be cancelled need not wait any more
        await throwing
        return max(0.0, last - min([stored, *thrown[:1]]))

    async def released(self) -> None:
        """Until it stays released: the watch of the file may have read it just before it was gone."""
        pool = self.floor.pool
        for _ in range(500):
            if await pool.fetchval(STORED) is not None:
                await halting.release(pool, ORG, reason="next", by="tests", at=T0)
            await asyncio.sleep(0.02)
            if await pool.fetchval(STORED) is None:
                return
        raise AssertionError("the halt came back again and again")


async def _stored(floor: Floor) -> float:
    """When the halt was stored, in seconds since 1970; a file's is when the server's watch has seen it."""
    for _ in range(500):
        if (at := await floor.pool.fetchval(STORED)) is not None:
            return float(at)
        await asyncio.sleep(0.02)
    raise AssertionError("the halt was never stored")


async def _command(floor: Floor) -> None:
    """``outcry halt`` as a person types it; it waits for nobody to cancel what is open."""
    words = (sys.executable, "-m", "outcry", "halt", "--reason", "cli", "--home", str(floor.home))
    process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
    assert await process.wait() == 0


@asynccontextmanager
async def five_doors(floor: Floor, url: str, *, typed: bool = False) -> AsyncIterator[Doors]:
    """Every way to throw the kill switch, each as its user does it; ``typed``: the command line as a process."""
    news = News(*(asyncio.Event() for _ in range(4)))
    store = Store(floor.pool, floor.home, ORG, None, news)

    async def file() -> None:
        (floor.home / "KILL").write_text("file")

    async def cli() -> None:
        await (_command(floor) if typed else throw(floor.home, Halt(reason="cli"), wait_s=0.0))

    async def mcp() -> None:
        await floor.server.call("halt_trading", {"reason": "mcp"}, timeout_s=20)

    async def breaker() -> None:
        record = Session(seed=7).run(1, extras=False)[0].model_copy(update={"detail": {"latched": LATCH}})
        await tripped(store, {}, record, Settings())

    async with world_on(url) as world:
        await _keys(world.pool)
        async with world.client("admin") as admin:

            async def rest() -> None:
                said = await admin.post("/api/v1/trade/halt", json={"reason": "rest"})
                assert said.status_code == 200, said.text

            yield {"rest": rest, "cli": cli, "mcp": mcp, "file": file, "breaker": breaker}
