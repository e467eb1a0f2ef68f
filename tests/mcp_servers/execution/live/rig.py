"""The practice exchange and a session's live account at it, in one loop."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from aiohttp import web
from pydantic import SecretStr

from db import sessions
from db.pool import open_pool
from mcp_servers.execution.venues.live.gateway import Gateway
from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.ledger.facts import SessionFacts
from openoutcry.orders import client_order_id
from openoutcry.settings import Settings
from openoutcry.sim.engine import Ticket
from openoutcry.types.orders import OrderRequest, OrderState
from openoutcry.types.timeframes import from_millis
from sandbox.accounts import Account
from sandbox.clock import ExchangeClock, SetClock
from sandbox.exchange import Clock, Exchange
from sandbox.feeds import Feed
from sandbox.running import Running
from sandbox.serving import Server
from tests.mcp_servers.execution.floor import facts
from tests.mcp_servers.execution.venue import SESSION, order
from tests.sandbox.conftest import PRICES, Flat
from wire.budget import RequestBudget
from wire.clock import Uptime, WallClock
from wire.venue_keys import VenueAccess

__all__ = ["Rig", "order", "rigged"]


class ItsTime(WallClock):
    """The exchange's clock, as the floor's."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock

    def now(self) -> datetime:
        return from_millis(self._clock.at_ms)

    def uptime(self) -> Uptime:
        return Uptime(bytes(16), self._clock.at_ms / 1000)


@dataclass
class Rig:
    """``running`` is the exchange; ``venue`` the account under test; ``lost`` what the gateway said of its key."""

    running: Running
    user: Account
    pool: asyncpg.Pool
    gateway: Gateway
    venue: LiveVenue
    facts: SessionFacts
    lost: list[str]
    clock: WallClock
    home: Path

    def fault(self, kind: str, path: str = "/api/v3/order", method: str = "POST", **more: Any) -> None:
        self.running.faults.add({"kind": kind, "method": method, "path": path, **more})

    async def place(self, request: OrderRequest, seq: int = 1) -> OrderState:
        return await self.venue.place(self.ticket(request, seq))

    def ticket(self, request: OrderRequest, seq: int = 1) -> Ticket:
        return Ticket(self.cid(request.leg, seq), seq, request, self.clock.now())

    def cid(self, leg: str, seq: int = 1) -> str:
        return client_order_id(SESSION, seq, leg)

    def posts(self) -> int:
        """Orders that were asked for, accepted or not."""
        return sum(
            1
            for _, method, path, _ in self.running.requests
            if method == "POST" and path.lower().endswith("order")
        )

    def accepted(self) -> list[str]:
        venues = (self.running.exchange.spot, self.running.exchange.perp)
        return [one.client_id for venue in venues for _, one in venue.accepted]

    def held(self, asset: str) -> int:
        ledger = self.running.exchange.ledger
        return ledger.free[self.user.name, asset] + ledger.locked[self.user.name, asset]

    async def restarted(self) -> LiveVenue:
        """The account as a new process opens it."""
        self.venue = LiveVenue(self.pool, self.gateway, self.facts, self.clock)
        await self.venue.open()
        return self.venue


def live_facts(**more: Any) -> SessionFacts:
    return facts().model_copy(update={"mode": "LIVE", "source": "live", "symbol": "BTC/USDT", **more})


@asynccontextmanager
async def rigged(
    home: Path,
    url: str,
    *,
    deadline_s: float = 1.0,
    clock: Clock | None = None,
    wall: WallClock | None = None,
    seed: int = 7,
    feeds: Mapping[str, Feed] | None = None,
) -> AsyncIterator[Rig]:
    """``clock`` is the exchange's, ``wall`` the floor's; ``feeds`` are its prices, which stand still without."""
    wall = wall or WallClock()
    flat = {asset: Flat(price) for asset, price in PRICES.items()}
    exchange = Exchange(clock or ExchangeClock(), dict(feeds or flat), seed=seed)
    user = exchange.open_account("trader", {"USDT": "100000", "BTC": "2"}, "50000")
    running = Running(exchange)
    runner = web.AppRunner(Server(running).app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    access = VenueAccess(
        exchange="binance",
        key=SecretStr(user.key),
        secret=SecretStr(user.secret),
        url=f"http://127.0.0.1:{port}",
    )
    lost: list[str] = []

    async def on_lost(reason: str) -> None:
        lost.append(reason)

    gateway = Gateway(access, RequestBudget(wall), on_lost, wall, deadline_s=deadline_s)
    pool = await open_pool(url)
    known = live_facts()
    await sessions.create(pool, known, "tests", Settings())
    venue = LiveVenue(pool, gateway, known, wall)
    await venue.open()
    try:
        yield Rig(running, user, pool, gateway, venue, known, lost, wall, home)
    finally:
        await gateway.close()
        await runner.cleanup()
        await pool.close()
