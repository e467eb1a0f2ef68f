"""One slice: orders go out one after another while the floor's processes are killed; then everything is compared."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from time import monotonic
from typing import Any

import aiohttp
import psutil

from chaos.checker.books import check, undecided
from chaos.checker.exchange import There
from chaos.checker.findings import Findings
from chaos.kills import BESIDE_IT, BY_ORDER, MANY, PROCESSES, Kill, Slice
from chaos.person import Person
from chaos.points import Points
from chaos.rig import LiveFloor, Sandbox, lives
from chaos.waiting import PATIENCE_S, until

SPOILED = ("reset", "close", "status", "cut", "html", "braces", "code", "slow")
ORDER_PATH = "/api/v3/order"
ON_ITS_WAY_MS = 1000
"""A request that came so soon after the 429 had left when nobody knew of it: a pause is three seconds."""
SETTLES_WITHIN_S = 90.0
LEAST_KILLS = 3
"""A slice goes on until so many were counted, however slow the machine, for as long as PATIENCE_S more."""
HEDGED = 0.2
"""How often what is held is hedged before it is sold."""
PAUSED = 0.25
"""How often an order's answer is a 429, unless the slice was asked for more of them."""
SPOILT = 2 / 3
"""How often an answer that is no 429 is spoiled."""
LOOK_S = 0.02
DIES_S = 0.1
"""Who took a point away dies at once, but not before it did."""
AGAIN_S = 0.3
"""Between an order that was refused and the next one."""


class Reaper:
    """Runs a slice in ``folder`` until ``seconds`` are over. ``met`` says how often earlier slices met each point.

    ``pauses`` is the share of orders whose answer is a 429 that asks for three seconds.
    """

    def __init__(
        self, folder: Path, seed: int, met: Counter[str] | None = None, pauses: float = PAUSED
    ) -> None:
        self._draw = Random(seed)
        self._pauses = pauses
        self._sandbox = Sandbox(folder, seed)
        self._floor = LiveFloor(folder, self._sandbox)
        self._points = Points(self._floor.points, met or Counter(), self._draw)
        self.slice = Slice(seed)
        self._round_kills = 0
        self._pausing: set[int] = set()
        self._doing = "opening"

    async def run(self, seconds: float) -> Slice:
        timeout = aiohttp.ClientTimeout(total=30)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            self._session = session
            self._person = Person(session, self._floor, f"chaos-{self.slice.seed}")
            try:
                await self._sandbox.opened()
                opening, _ = await self._sandbox.account(session)
                await self._opened()
                await self._reaped(seconds)
                await self._settled()
                self.slice.findings = await self._compared(opening)
                await self._paused()
            except (RuntimeError, OSError) as error:
                self.slice.gave_up = f"{self._doing}: {error}"[:2000]
            except asyncio.CancelledError:
                self.slice.gave_up = f"told to end while {self._doing}: {self._floor.said()}"[:2000]
            finally:
                self._floor.stop()
                self._sandbox.close()
            self.slice.orders = self._person.orders
        return self.slice

    async def _reaped(self, seconds: float) -> None:
        tending, began = asyncio.create_task(self._tend()), monotonic()
        try:
            while self._goes_on(monotonic() - began, seconds):
                await self._episode()
        finally:
            tending.cancel()
            self._took(self._points.clear())
            self.slice.spent["all"] = monotonic() - began

    def _goes_on(self, since: float, seconds: float) -> bool:
        """Whether another kill is due. Raises RuntimeError when there was time and patience for a few, and none came."""
        if since < seconds:
            return True
        if len(self.slice.kills) < LEAST_KILLS and since > seconds + PATIENCE_S:
            raise RuntimeError(f"{len(self.slice.kills)} kills in {since:.0f} s")
        return len(self.slice.kills) < LEAST_KILLS

    async def _tend(self) -> None:
        while True:
            self._took(self._points.tend())
            await asyncio.sleep(LOOK_S)

    def _took(self, points: Sequence[str]) -> None:
        """Count kills at points of rounds; their recovery is not timed."""
        self._round_kills += len(points)
        self.slice.kills += [Kill(point) for point in points]

    async def _opened(self) -> None:
        """k17 first: the schema is being made when the opener dies; the next one makes it."""
        self._points.plant("k17")
        self._floor.start()
        await until(self._ended, lambda: "the opener does not die at k17")
        died = monotonic()
        self._floor.start()
        await self._ready("k17")
        kill = Kill("k17", ready_s=monotonic() - died)
        await self._order_made("k17")
        kill.order_s = monotonic() - died
        self.slice.kills.append(kill)
        await self._hedged()

    async def _hedged(self) -> None:
        """Hedge what is held: once it is sold, the next round trades to lift the hedge."""
        await self._person.say("/api/v1/hedging/execute", {"ratio": 1.0}, f"hedge-{self._person.orders}")

    async def _ended(self) -> bool:
        return self._floor.ended()

    async def _episode(self) -> None:
        """One kill around one order, sometimes with its answer spoiled, and sometimes a pause the exchange asks for."""
        await self._act("clear")
        if self._person.holds and self._draw.random() < HEDGED:
            await self._hedged()
        if self._draw.random() < self._pauses:
            rule = await self._act(
                "faults", kind="limited", method="POST", path=ORDER_PATH, seconds=3.0, status=429
            )
            self._pausing.add(rule["id"])
            # Not the one who is told of the pause: what it heard and had no time to note, nobody knows.
            await self._at_random(self._victims(BESIDE_IT))
            return
        if self._draw.random() < SPOILT:
            kind = self._draw.choice(SPOILED)
            seconds = self._draw.uniform(0.1, 1.0) if kind == "slow" else 0.0
            code = {"code": -1007, "status": 504} if kind == "code" else {}
            await self._act("faults", kind=kind, method="POST", path=ORDER_PATH, seconds=seconds, **code)
        if self._draw.random() < 0.06:
            await self._at_flatten()
        elif self._draw.random() < 0.6:
            await self._at_point(self._points.least(BY_ORDER))
        else:
            await self._at_random(self._victims(PROCESSES))

    @property
    def _act(self) -> "partial[Any]":
        return partial(self._sandbox.act, self._session)

    def _victims(self, among: Sequence[str]) -> list[str]:
        """One, two or three: who dies while another is still coming back is recovered from too."""
        return self._draw.sample(among, self._draw.choice(MANY))

    async def _at_point(self, point: str) -> None:
        file, others = self._points.plant(point), self._victims(PROCESSES)[1:]
        asking = asyncio.create_task(self._person.order())
        with self._spent("until a point is passed"):
            while file.exists() and not asking.done():  # noqa: ASYNC110 - another process takes it
                await asyncio.sleep(LOOK_S)
        if file.exists():
            file.unlink(missing_ok=True)  # a round of the floor may take it just now
            await asking
            return
        self._points.met[point] += 1
        await asyncio.sleep(DIES_S)
        killed = [name for name in others if await self._killed(name)]
        await self._recovered([point, *killed], asking)

    async def _at_flatten(self) -> None:
        """k16: who is about to close everything dies; the next one closes it, and then trading may go on."""
        while not self._person.holds:
            await self._person.order()
        file, number = self._points.plant("k16"), len(self.slice.kills)
        halt = self._person.say("/api/v1/trade/halt", {"reason": "chaos", "flatten": True}, f"halt-{number}")
        asking = asyncio.create_task(halt)
        while file.exists() and not asking.done():  # noqa: ASYNC110 - another process takes it
            await asyncio.sleep(LOOK_S)
        kill, died = None if file.exists() else Kill("k16"), monotonic()
        file.unlink(missing_ok=True)
        await asyncio.sleep(DIES_S)
        await self._ready("k16")
        ready_s = monotonic() - died
        await asking
        await until(partial(self._floor.swept, self._session), lambda: f"not closed: {self._floor.said()}")
        self._person.holds = False
        await self._person.say("/api/v1/trade/unhalt", {"reason": "chaos"}, f"unhalt-{number}")
        await self._order_made("k16")
        if kill is not None:
            kill.ready_s, kill.order_s = ready_s, monotonic() - died
            self.slice.kills.append(kill)

    async def _at_random(self, victims: Sequence[str]) -> None:
        asking = asyncio.create_task(self._person.order())
        killed = [name for name in victims if await self._killed(name)]
        if killed:
            await self._recovered(killed, asking)
        else:
            await asking

    async def _killed(self, name: str) -> bool:
        """Kill one a moment from now; False when it is not there to be killed."""
        await asyncio.sleep(self._draw.uniform(0.0, 0.4))
        pid = self._floor.backend() if name == "backend" else self._floor.pids().get(name)
        try:
            victim = psutil.Process(pid) if pid is not None else None
            if victim is None or victim.status() == psutil.STATUS_ZOMBIE:
                return False
            victim.kill()
        except psutil.NoSuchProcess:
            return False
        while lives(victim.pid):  # noqa: ASYNC110 - it takes a moment to be gone, and would be taken for READY
            await asyncio.sleep(0.005)
        return True

    async def _recovered(self, killed: Sequence[str], asking: "asyncio.Task[bool]") -> None:
        """Wait for READY, then for an order that is asked for after the last kill to be made. Its time is the last one's,
        unless a round was killed meanwhile too."""
        died, what, rounds = monotonic(), " and ".join(killed), self._round_kills
        with self._spent("until READY"):
            await self._ready(what)
        ready_s = monotonic() - died
        with self._spent("for the order that was under way"):
            await asking
        with self._spent("for the order after"):
            await self._order_made(what)
        alone = rounds == self._round_kills
        self.slice.kills += [Kill(name) for name in killed[:-1]]
        last = Kill(killed[-1], ready_s, monotonic() - died) if alone else Kill(killed[-1])
        self.slice.kills.append(last)

    async def _order_made(self, what: str) -> None:
        """Until one is not refused: without market data every one is, and asking quickly holds up who fetches it."""
        error = f"no order is made after {what}: "
        await until(self._person.order, lambda: error + self._person.refusal, AGAIN_S)

    async def _ready(self, what: str) -> None:
        self._doing = f"recovering from {what}"
        await until(partial(self._floor.ready, self._session), lambda: f"not ready: {self._floor.said()}")

    @contextmanager
    def _spent(self, what: str) -> Iterator[None]:
        began = monotonic()
        yield
        self.slice.spent[what] = self.slice.spent.get(what, 0.0) + monotonic() - began

    async def _settled(self) -> None:
        """Nothing more is killed; wait until every order's fate is known and told to the books."""
        await self._act("clear")
        await self._ready("the last one")
        self._doing = "settling"
        over = monotonic() + SETTLES_WITHIN_S
        while monotonic() < over and await undecided(self._floor.database()):
            await self._person.order()
            await asyncio.sleep(1.0)
        await self._person.order()

    async def _compared(self, opening: There) -> Findings:
        """What is wrong once the floor had time to hear of everything: rows follow the exchange with the next round."""
        self._doing = "comparing"
        over = monotonic() + SETTLES_WITHIN_S
        while True:
            account, inside = await self._sandbox.account(self._session)
            found = await check(
                self._floor.database(), account, opening, self._person.made, self._person.open
            )
            found.ledger += [f"{a}: the exchange itself is off by {v}" for a, v in inside.items()]
            if found.clean or monotonic() > over:
                return found
            await asyncio.sleep(1.0)

    async def _paused(self) -> None:
        """Count the pauses that somebody was told of, and the requests that came in one."""
        state = await self._sandbox.show(self._session, "state")
        self.slice.pauses = sum(rule in self._pausing for rule, _ in state["acted"])
        self.slice.during_pauses = sum(after > ON_ITS_WAY_MS for after in state["in_bans_ms"])
