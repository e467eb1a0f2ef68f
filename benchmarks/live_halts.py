"""Trials of the kill switch at the practice exchange: a live floor of all processes, and when it took its last order.

Three people order at once over REST while the switch is thrown at a random moment. What counts is the exchange's own list of
orders that it accepted, and its clock, which is this machine's.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import ROUND_DOWN, Decimal
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp

from benchmarks.slices import Row
from chaos.rig import CONFIG, LiveFloor, Sandbox
from chaos.waiting import until
from wire.clock import WallClock

KIND = "sandbox"
DOORS = ("rest", "cli", "mcp", "file")
RESTARTS_EVERY = 10
PEOPLE = 3
WITHIN_S = 60.0
ORDER = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": "0.0002"}
STEP, AFTER_FEES = Decimal("0.00001"), Decimal("0.998")
ADDS = ("MARKET", "LIMIT")
LATE_BAR = "good_data"
"""What refuses while a minute's bar is late: the next order says more."""
HALT, UNHALT = "/api/v1/trade/halt", "/api/v1/trade/unhalt"


class LiveTrader:
    """Orders, halts and looks at the exchange's books, from outside."""

    def __init__(self, session: aiohttp.ClientSession, sandbox: Sandbox, floor: LiveFloor) -> None:
        self.session, self.sandbox, self.floor, self.asked = session, sandbox, floor, 0
        self.bought = Decimal(0)

    async def ready(self) -> None:
        await until(lambda: self.floor.ready(self.session), lambda: f"not ready: {self.floor.said()}")

    async def say(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """The answer of a request. Raises RuntimeError for none, and for one that is no success."""
        self.asked += 1
        said = await self.floor.ask(self.session, method, path, body, f"g7-{self.asked}", WITHIN_S)
        if said is None or said[0] >= 300:
            raise RuntimeError(f"{method} {path}: {said}")
        return said[1]

    async def order(self) -> str | None:
        """The rule that refused the next order; None for one that left."""
        while True:
            placed = (await self.say("POST", "/api/v1/orders", ORDER))["order"]
            rule = None if placed["refusal"] is None else str(placed["refusal"]["rule"])
            self.bought += Decimal(placed["executed_quantity"])
            if rule != LATE_BAR:
                return rule

    async def until_refused(self) -> None:
        """Order, one after another, until the halt is what refuses."""
        while (rule := await self.order()) != "halted":
            if rule is not None:
                raise RuntimeError(f"refused by {rule}")

    async def throw(self, door: str) -> float:
        """Halt; from which moment on (seconds since 1970) it counts: stored, or the file was there."""
        match door:
            case "rest":
                await self.say("POST", HALT, {"reason": "rest"})
            case "mcp":
                await self.say("POST", "/api/v1/tools/halt_trading", {"reason": "mcp"})
            case "cli":
                words = (
                    sys.executable,
                    "-m",
                    "outcry",
                    "halt",
                    "--reason",
                    "cli",
                    "--home",
                    str(self.floor.home),
                )
                process = await asyncio.create_subprocess_exec(*words, stdout=asyncio.subprocess.DEVNULL)
                if await process.wait():
                    raise RuntimeError("outcry halt failed")
            case _:
                (self.floor.home / "KILL").write_text("file")
                return WallClock().now().timestamp()
        return await self.stored()

    async def stored(self) -> float:
        return datetime.fromisoformat((await self.say("GET", HALT))["since"]).timestamp()

    async def last_taken(self) -> float:
        """When the exchange accepted the last order that may add (seconds since 1970); stops and targets only reduce."""
        books = (await self.sandbox.show(self.session, "books"))["accounts"]["trader"]
        orders = (*books["spot_orders"], *books["perp_orders"])
        return max(one["time"] / 1000 for one in orders if one["type"] in ADDS and not one.get("reduceOnly"))

    async def trial(self, chance: Random, door: str) -> float:
        """How late (seconds) the exchange took an order after the halt."""
        if (rule := await self.order()) is not None:
            raise RuntimeError(f"nothing leaves before the halt: {rule}")
        people = [asyncio.create_task(self.until_refused()) for _ in range(PEOPLE)]
        await asyncio.sleep(chance.random() * 2.0)
        thrown = await self.throw(door)
        await asyncio.wait_for(asyncio.gather(*people), WITHIN_S)
        return max(0.0, await self.last_taken() - thrown)

    async def restarted(self) -> None:
        """Kill the execution server while halted; it is halted again."""
        before = self.floor.pids()["execution"]
        os.kill(before, signal.SIGKILL)

        async def another() -> bool:
            return self.floor.pids().get("execution") not in (None, before)

        await until(another, lambda: "the execution server does not come back")
        await self.ready()
        if (rule := await self.order()) != "halted":
            raise RuntimeError(f"not halted after a restart: {rule}")

    async def released(self) -> None:
        (self.floor.home / "KILL").unlink(missing_ok=True)
        await asyncio.sleep(0.5)  # the watch may have read the file just before it was gone
        await self.say("POST", UNHALT, {"reason": "next"})
        await self.sold()

    async def sold(self) -> None:
        """Sell what was bought, so that money is left for the next trial."""
        quantity = (self.bought * AFTER_FEES).quantize(STEP, ROUND_DOWN)
        sale = await self.say("POST", "/api/v1/orders", ORDER | {"side": "SELL", "quantity": str(quantity)})
        if sale["order"]["refusal"] is not None:
            raise RuntimeError(f"not sold: {sale['order']['refusal']}")
        self.bought = Decimal(0)


@asynccontextmanager
async def trading(folder: Path, seed: int) -> AsyncIterator[LiveTrader]:
    """A live floor that protects nothing ordered by hand, so that what the exchange takes is what is asked for."""
    sandbox = Sandbox(folder, seed)
    floor = LiveFloor(folder, sandbox)
    (floor.home / "config.yaml").write_text(CONFIG + "  protect_manual: false\n")
    try:
        async with aiohttp.ClientSession() as session:
            await sandbox.opened()
            floor.start()
            trader = LiveTrader(session, sandbox, floor)
            await trader.ready()
            yield trader
    finally:
        floor.stop()
        sandbox.close()


async def trials(folder: Path, seed: int, todo: Iterable[int], end: float) -> AsyncIterator[Row]:
    """One row for each trial in ``todo``, until the time is over."""
    async with trading(folder, seed) as trader:
        for number in todo:
            if monotonic() >= end:
                return
            door, stays = DOORS[number % len(DOORS)], number % RESTARTS_EVERY == 0
            late = await trader.trial(Random(f"{seed}/{KIND}/{number}"), door)
            if stays:
                await trader.restarted()
            await trader.released()
            yield {
                "kind": KIND,
                "trial": number,
                "seed": seed,
                "door": door,
                "late_s": late,
                "restarted": stays,
            }
