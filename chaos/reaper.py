"""One slice: orders go out one after another while the floor's processes are killed; then everything is compared."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp
import psutil

from chaos.checker.books import check, undecided
from chaos.checker.exchange import There
from chaos.checker.findings import Findings
from chaos.kills import BESIDE_IT, BY_ORDER, BY_ROUND, MANY, PROCESSES, Kill, Slice
from chaos.rig import LiveFloor, Sandbox

SPOILED = ("reset", "close", "status", "cut", "html", "braces", "code", "slow")
ORDER_PATH = "/api/v3/order"
ON_ITS_WAY_MS = 1000
"""A request that came so soon after the 429 had left when nobody knew of it: a pause is three seconds."""
PATIENCE_S = 300.0
SETTLES_WITHIN_S = 90.0
LEAST_KILLS = 3
"""A slice goes on until so many were counted, however slow the machine, for as long as PATIENCE_S more."""


class Reaper:
    """Runs a slice in ``folder`` until ``seconds`` are over."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._draw = Random(seed)
        self._sandbox = Sandbox(folder, seed)
        self._folder = folder
        self.slice = Slice(seed)
        self._made: set[str] = set()
        self._holds = False
        self._round_kill, self._refusal = "", ""

    async def run(self, seconds: float) -> Slice:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            await self._sandbox.opened()
            floor = LiveFloor(self._folder, self._sandbox)
            opening, _ = await self._sandbox.account(session)
            try:
                await self._opened(session, floor)
                began = monotonic()
                while self._goes_on(monotonic() - began, seconds):
                    await self._episode(session, floor)
                await self._settled(session, floor)
                self.slice.findings = await self._compared(session, floor, opening)
                came = (await self._sandbox.show(session, "state"))["in_bans_ms"]
                self.slice.during_pauses = sum(after > ON_ITS_WAY_MS for after in came)
            except (RuntimeError, OSError) as error:
                self.slice.gave_up = f"{error}"[:2000]
            finally:
                floor.stop()
                self._sandbox.close()
        return self.slice

    def _goes_on(self, since: float, seconds: float) -> bool:
        """Whether another kill is due. Raises RuntimeError when there was time and patience for a few, and none came."""
        if since < seconds:
            return True
        if len(self.slice.kills) < LEAST_KILLS and since > seconds + PATIENCE_S:
            raise RuntimeError(f"{len(self.slice.kills)} kills in {since:.0f} s")
        return len(self.slice.kills) < LEAST_KILLS

    async def _opened(self, session: aiohttp.ClientSession, floor: LiveFloor) -> None:
        """k17 first: the schema is being made when the opener dies; the next one makes it."""
        (floor.points / "k17").write_text("1")
        floor.start()
        await self._until(lambda: _is(floor.ended()), "the opener does not die at k17")
        died = monotonic()
        floor.start()
        await self._until(lambda: floor.ready(session), f"the floor does not open: {floor.said()}")
        kill = Kill("k17", ready_s=monotonic() - died)
        await self._order(session, floor)
        kill.order_s = monotonic() - died
        self.slice.kills.append(kill)

    async def _episode(self, session: aiohttp.ClientSession, floor: LiveFloor) -> None:
        """One kill around one order, sometimes with its answer spoiled, and sometimes a pause the exchange asks for."""
        await self._sandbox.act(session, "clear")
        if self._draw.random() < 0.5:
            kind = self._draw.choice(SPOILED)
            seconds = self._draw.uniform(0.1, 1.0) if kind == "slow" else 0.0
            code = {"code": -1007, "status": 504} if kind == "code" else {}
            await self._sandbox.act(
                session, "faults", kind=kind, method="POST", path=ORDER_PATH, seconds=seconds, **code
            )
        elif self._draw.random() < 0.2:
            await self._sandbox.act(
                session, "faults", kind="limited", method="POST", path=ORDER_PATH, seconds=3.0, status=429
            )
            self.slice.pauses += 1
            # Not the one who is told of the pause: what it heard and had no time to note, nobody knows.
            await self._at_random(session, floor, self._victims(BESIDE_IT))
            return
        self._plant_for_round(floor)
        if self._draw.random() < 0.08:
            await self._at_flatten(session, floor)
        elif self._draw.random() < 0.6:
            await self._at_point(session, floor, self._draw.choice(BY_ORDER))
        else:
            await self._at_random(session, floor, self._victims(PROCESSES))

    def _victims(self, among: Sequence[str]) -> list[str]:
        """One, two or three: who dies while another is still coming back is recovered from too."""
        return self._draw.sample(among, self._draw.choice(MANY))

    def _plant_for_round(self, floor: LiveFloor) -> None:
        """See that one point of the rounds is always waiting; count the one that was taken."""
        if self._round_kill and (floor.points / self._round_kill).exists():
            return
        if self._round_kill:
            self.slice.kills.append(Kill(self._round_kill))
        self._round_kill = self._draw.choice(BY_ROUND)
        (floor.points / self._round_kill).write_text("1")

    async def _at_point(self, session: aiohttp.ClientSession, floor: LiveFloor, point: str) -> None:
        file = floor.points / point
        file.write_text("1")
        others = self._victims(PROCESSES)[1:]
        asking = asyncio.create_task(self._order(session, floor))
        while file.exists() and not asking.done():  # noqa: ASYNC110 - another process takes it
            await asyncio.sleep(0.01)
        if file.exists():
            file.unlink(missing_ok=True)  # a round of the floor may take it just now
            await asking
            return
        killed = [name for name in others if await self._killed(floor, name)]
        await self._recovered(session, floor, [point, *killed], asking)

    async def _at_flatten(self, session: aiohttp.ClientSession, floor: LiveFloor) -> None:
        """k16: who is about to close everything dies; the next one closes it, and then trading may go on."""
        while not self._holds:
            await self._order(session, floor)
        file, number = floor.points / "k16", len(self.slice.kills)
        file.write_text("1")
        halt = {"reason": "chaos", "flatten": True}
        asking = asyncio.create_task(self._said(session, floor, "halt", halt, f"halt-{number}"))
        while file.exists() and not asking.done():  # noqa: ASYNC110 - another process takes it
            await asyncio.sleep(0.01)
        kill = None if file.exists() else Kill("k16")
        file.unlink(missing_ok=True)
        died = monotonic()
        await asyncio.sleep(0.3)
        await self._until(lambda: floor.ready(session), f"not ready after k16: {floor.said()}")
        ready_s = monotonic() - died
        await asking
        await self._until(lambda: floor.swept(session), f"not closed after k16: {floor.said()}")
        self._holds = False
        await self._said(session, floor, "unhalt", {"reason": "chaos"}, f"unhalt-{number}")
        await self._until(lambda: self._order(session, floor), f"no order is made after k16: {self._refusal}")
        if kill is not None:
            kill.ready_s, kill.order_s = ready_s, monotonic() - died
            self.slice.kills.append(kill)

    async def _said(
        self, session: aiohttp.ClientSession, floor: LiveFloor, what: str, body: dict[str, Any], key: str
    ) -> None:
        """Ask for a halt or its end under one key until it is answered."""
        path, name = f"/api/v1/trade/{what}", f"chaos-{self.slice.seed}-{key}"
        until = monotonic() + PATIENCE_S
        while (said := await floor.ask(session, "POST", path, body, name, 30.0)) is None or said[0] != 200:
            if monotonic() > until:
                raise RuntimeError(f"{what} is not answered: {said}; {floor.said()}")
            await asyncio.sleep(0.2)

    async def _at_random(
        self, session: aiohttp.ClientSession, floor: LiveFloor, victims: Sequence[str]
    ) -> None:
        asking = asyncio.create_task(self._order(session, floor))
        killed = [name for name in victims if await self._killed(floor, name)]
        if killed:
            await self._recovered(session, floor, killed, asking)
        else:
            await asking

    async def _killed(self, floor: LiveFloor, name: str) -> bool:
        """Kill one a moment from now; False when it is not there to be killed."""
        await asyncio.sleep(self._draw.uniform(0.0, 0.4))
        pid = floor.backend() if name == "backend" else floor.pids().get(name)
        try:
            victim = psutil.Process(pid) if pid is not None else None
            if victim is None or victim.status() == psutil.STATUS_ZOMBIE:
                return False
            victim.kill()
        except psutil.NoSuchProcess:
            return False
        return True

    async def _recovered(
        self,
        session: aiohttp.ClientSession,
        floor: LiveFloor,
        killed: Sequence[str],
        asking: "asyncio.Task[bool]",
    ) -> None:
        """Wait for READY, then for an order that is asked for after the last kill to be made. Its time is the last one's."""
        died, what = monotonic(), " and ".join(killed)
        await asyncio.sleep(0.3)  # what is dead is not yet known to be
        await self._until(lambda: floor.ready(session), f"not ready after {what}: {floor.said()}")
        ready_s = monotonic() - died
        await asking
        while not await self._order(session, floor):
            if monotonic() - died > PATIENCE_S:
                raise RuntimeError(f"no order is made after {what}: {self._refusal}; {floor.said()}")
            await asyncio.sleep(0.2)
        self.slice.kills += [Kill(name) for name in killed[:-1]]
        self.slice.kills.append(Kill(killed[-1], ready_s, monotonic() - died))

    async def _order(self, session: aiohttp.ClientSession, floor: LiveFloor) -> bool:
        """One order, asked for under one key until it is answered; True when it was made."""
        self.slice.orders += 1
        number = self.slice.orders
        side, quantity = (
            ("SELL", 0.00099) if self._holds else ("BUY", 0.001)
        )  # the fee is taken in what is bought
        body: dict[str, Any] = {"symbol": "BTC/USDT", "side": side, "type": "MARKET", "quantity": quantity}
        until = monotonic() + PATIENCE_S
        while monotonic() < until:
            said = await floor.ask(
                session, "POST", "/api/v1/orders", body, f"chaos-{self.slice.seed}-{number}", 30.0
            )
            if said is not None and said[0] == 201:
                order = said[1]["order"]
                if order["status"] == "REJECTED":
                    self._refusal = f"{order.get('refusal')} {order['error_message']}"
                    self._holds = not self._holds  # a round has bought or sold meanwhile
                    return False
                self._made.add(str(order["id"]))
                self._holds = not self._holds
                return True
            if said is not None and 400 <= said[0] < 500 and said[0] not in (409, 429):
                raise RuntimeError(f"an order was answered with {said}")
            await asyncio.sleep(0.2)
        raise RuntimeError(f"order {number} is not answered: {said}; {floor.said()}")

    async def _settled(self, session: aiohttp.ClientSession, floor: LiveFloor) -> None:
        """Nothing more is killed; wait until every order's fate is known and told to the books."""
        for file in floor.points.iterdir():
            file.unlink(missing_ok=True)
        await self._sandbox.act(session, "clear")
        await self._until(lambda: floor.ready(session), "not ready at the end")
        until = monotonic() + SETTLES_WITHIN_S
        while monotonic() < until and await undecided(floor.database()):
            await self._order(session, floor)
            await asyncio.sleep(1.0)
        await self._order(session, floor)

    async def _compared(self, session: aiohttp.ClientSession, floor: LiveFloor, opening: There) -> Findings:
        """What is wrong once the floor had time to hear of everything: rows follow the exchange with the next round."""
        until = monotonic() + SETTLES_WITHIN_S
        while True:
            account, inside = await self._sandbox.account(session)
            found = await check(floor.database(), account, opening, self._made)
            found.ledger += [f"{a}: the exchange itself is off by {v}" for a, v in inside.items()]
            if found.clean or monotonic() > until:
                return found
            await asyncio.sleep(1.0)

    async def _until(self, what: Any, error: str) -> None:
        until = monotonic() + PATIENCE_S
        while not await what():
            if monotonic() > until:
                raise RuntimeError(error)
            await asyncio.sleep(0.05)


async def _is(value: bool) -> bool:
    return value
