"""The exchange's front door, and everything that can go wrong between it and a client."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.engine.process import CURRENT
from simulator.exchange.book import FINAL, Exchange, Order, Refused
from simulator.exchange.strangers import Strangers
from simulator.world.account import ANSWERS
from simulator.world.chance import Chance

RECV_WINDOW_S = 5.0
"""How old a request's signature may be when it arrives: what a process sends that was held for longer is refused."""


class Unclear(Exception):
    """Nothing that was answered says whether the request took effect."""


class SlowDown(Exception):
    """429 or 418: nothing was done, and nobody may ask before ``after_s``."""

    def __init__(self, after_s: float) -> None:
        super().__init__(f"429, Retry-After {after_s:g}")
        self.after_s = after_s


class OffClock(Exception):
    """-1021: the timestamp is outside recvWindow; nothing was done."""


@dataclass
class Door:
    """What clients call. A request takes a moment; a fault may hit before or after the exchange acted."""

    exchange: Exchange
    strangers: Strangers
    chance: Chance
    closed_at: float = 0.0
    closed_until: float = 0.0
    told_until: float = 0.0
    """What clients have heard of it: their budget file, shared by all processes and read by the next life of one."""

    async def submit(self, asked: Sequence[tuple[dict[str, Any], str]], at_ms: int) -> None:
        """Place an order, or a list of two, each with its cause. Raises Refused, Unclear, SlowDown, OffClock."""
        await self._arrive()
        if self.chance.strikes("venue_clock_skew"):
            raise OffClock
        if self.chance.strikes("venue_reject"):
            raise Refused(-1013, "Filter failure: PERCENT_PRICE_BY_SIDE")  # which passes, as no dust does
        for kind in ("venue_lost_before", "venue_5xx_before"):
            if self.chance.strikes(kind):
                await asyncio.sleep(10.0 if kind == "venue_lost_before" else 0.2)
                raise Unclear(f"{kind}: the request never arrived")
        orders = self.exchange.submit(asked, at_ms)
        seen_at = self.exchange.now() + (3.0 if self.chance.strikes("venue_slow_birth") else 0.0)
        for order in orders:
            order.seen_at = seen_at
        await self._leave("venue_hang_after", "venue_reset_after", "venue_5xx_after", "venue_garbage_after")

    async def cancel(self, cid: str, cause: str, at_ms: int) -> Order | None:
        """Cancel; None when there is no order of that name. This and what follows raise Unclear, SlowDown, OffClock."""
        await self._arrive()
        order = self.exchange.cancel(cid, cause, at_ms)
        await self._leave("venue_cancel_unclear")
        return order

    async def find(self, cid: str) -> Order | None:
        """Look up; None is -2013, which a young order may answer too."""
        await self._arrive()
        await self._leave("venue_lookup_fails")
        order = self.exchange.find(cid)
        return None if order is not None and order.seen_at > self.exchange.now() else order

    async def history(self, after: int, until_ms: int) -> list[dict[str, Any]]:
        """Transactions with events past number ``after``; some may come twice or out of order."""
        await self._arrive()
        await self._leave("venue_history_fails")
        self.exchange.advance(until_ms)
        guards = [o for o in self.exchange.orders if o.reduce_only and o.status not in FINAL]
        if guards and self.chance.strikes("venue_throws_out"):
            self.exchange.throw_out(self.chance.stream("throws out").choice(guards))
        found = [entry for entry in self.exchange.log if entry["first"] + len(entry["events"]) - 1 > after]
        if found and self.chance.strikes("venue_event_twice"):
            found = [*found, found[0]]
        if len(found) > 1 and self.chance.strikes("venue_events_unordered"):
            self.chance.stream("order").shuffle(found)
        return found

    async def account(self, path: str, asked: Mapping[str, str]) -> Any:
        """What the account holds and did, the floor's doing and everybody else's."""
        await self._arrive()
        await self._leave("venue_account_fails")
        answer = ANSWERS[path](self.exchange, self.strangers, asked)
        return {} if self.chance.strikes("venue_account_garbled") else answer

    async def _arrive(self) -> None:
        process = CURRENT.get()
        await process.gate()
        signed = self.exchange.now()
        await asyncio.sleep(0.01 + self.chance.stream("latency").random() * 0.05)
        await process.gate()
        now = self.exchange.now()
        banned = self.closed_at < signed and now < self.closed_until  # not one that was on its way already
        self.exchange.note("venue_request", process=process.name, banned=banned)
        if now < self.closed_until:
            raise SlowDown(self.closed_until - now)
        if self.chance.strikes("venue_429"):
            self._close(7.0)
            raise SlowDown(7.0)
        if self.chance.strikes("venue_418"):
            self._close(40.0)
            raise SlowDown(40.0)
        if now > signed + RECV_WINDOW_S:
            raise OffClock

    def _close(self, seconds: float) -> None:
        self.closed_at = self.exchange.now()
        self.closed_until = self.closed_at + seconds

    async def _leave(self, *faults: str) -> None:
        for kind in faults:
            if self.chance.strikes(kind):
                await asyncio.sleep(10.0 if "hang" in kind else 0.05)
                raise Unclear(kind)
        await asyncio.sleep(self.chance.stream("latency").random() * 0.03)
        await CURRENT.get().gate()
