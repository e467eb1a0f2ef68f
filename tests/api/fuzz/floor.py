"""A whole floor for Schemathesis: a past, candles, a worker with an exchange on loopback, somebody who answers commands."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from api.haste import CLASSES, Limits
from api.throttle import Rate
from db import ledger
from db.identity import clients
from openoutcry.types import commands as c
from tests.api.conftest import World, world_on
from tests.api.market import stored
from tests.api.orchestrating import Refusal, StandIn
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, serving
from tests.mcp_servers.market.hosting import walk
from tests.workers.hosting import worker
from wire.clock import WallClock

PLENTY = Rate(1e5, 100_000)
LIMITS = Limits(per_key=PLENTY, per_address=PLENTY, classes=dict.fromkeys(CLASSES, PLENTY))
HEDGED = {"status": "completed", "executed_trades": [], "message": "No hedge adjustments needed"}


class Orchestrator(StandIn):
    """Hedges too; opens the one session there is again; and what it cannot do it refuses, as the real one does, instead of
    dying of it."""

    def start(self, command: c.StartSession) -> dict[str, Any]:
        return {**super().start(command), "session_id": str(self.writer.facts.session_id)}

    async def execute(self, number: int, command: c.Command) -> dict[str, Any]:
        if isinstance(command, c.ExecuteHedges | c.CloseHedges):
            if command.session_id is not None:
                self.known(command.session_id)
            return HEDGED
        try:
            return await super().execute(number, command)
        except (AssertionError, KeyError) as error:
            raise Refusal(f"cannot be done: {error!r}", "REFUSED", 409) from error


@asynccontextmanager
async def open_floor(url: str, home: Path, environment: pytest.MonkeyPatch) -> AsyncIterator[World]:
    """The API over the database at ``url``, with everything behind it."""
    double = BinanceDouble(walk(3000), walk(3000, seed=2), ManualClock(WallClock().now()))
    async with serving(double) as exchange, world_on(url, LIMITS) as world:
        environment.setenv("OUTCRY_CCXT_URL", exchange)
        world.writer.head = await ledger.read_head(world.pool, world.writer.facts.session_id)
        stored(world, home)
        object.__setattr__(world.floor, "command_timeout_s", 20.0)
        working = worker(url, home, "--concurrency", "2")
        answering = asyncio.create_task(Orchestrator(world.pool, world.writer).run())
        await asyncio.to_thread(working.__enter__)
        try:
            yield world
        finally:
            await asyncio.to_thread(working.__exit__, None, None, None)
            answering.cancel()
            await asyncio.gather(answering, return_exceptions=True)


async def token(world: World) -> str:
    """An access token of a program that may everything: no call of the API revokes it, a person's ``/auth/logout`` would."""
    program = await clients.add(world.floor.doorman.pool, "fuzz", "admin")
    form = {
        "grant_type": "client_credentials",
        "client_id": program.client.client_id,
        "client_secret": program.secret,
    }
    async with world.client(None) as client:
        answer = await client.post("/oauth2/token", data=form)
        return str(answer.json()["access_token"])
