"""An execution server's order protocol in a process that stops itself, once, right before an order's first byte.

``python -m tests.mcp_servers.execution.live.held WHERE HOME`` reads the rest from its standard input: the database, the
exchange's address, its key and secret. It prints where the order stands.
"""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import aiohttp
from pydantic import SecretStr

from db.candles import CandleReader
from db.leases import Leases
from db.pool import open_pool
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.live_door import gateway_of
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.execution.venues.live.venue import LiveVenue
from openoutcry.errors import Fenced
from openoutcry.ledger.facts import SessionFacts
from openoutcry.settings import Settings
from tests.mcp_servers.execution.floor import KEY
from tests.mcp_servers.execution.live.guarded import placed
from tests.mcp_servers.execution.live.rig import live_facts
from tests.mcp_servers.execution.venue import order
from wire.clock import WallClock
from wire.config import DEFAULT_ORG
from wire.venue_keys import VenueAccess

ENTRY = order("entry", "BUY", "MARKET", "0.1")


def stop_once_before(name: str) -> None:
    """Stand still at the first order, as it comes to this step of the library's."""
    step, passed = getattr(aiohttp.ClientRequest, name), []

    async def held(self: Any, *given: Any) -> Any:
        if self.method == "POST" and not passed:
            passed.append(name)
            os.kill(os.getpid(), signal.SIGSTOP)
        return await step(self, *given)

    setattr(aiohttp.ClientRequest, name, held)


async def main(where: str, home: Path, database: str, url: str, key: str, secret: str) -> None:
    """Place one order."""
    stop_once_before(where)
    pool = await open_pool(database)
    access = VenueAccess(exchange="binance", key=SecretStr(key), secret=SecretStr(secret), url=url)
    gateway = gateway_of(access, home, pool, DEFAULT_ORG, WallClock())

    async def account(facts: SessionFacts) -> LiveVenue:
        venue = LiveVenue(pool, gateway, facts, WallClock())
        await venue.open()
        return venue

    settings, reader = Settings(), CandleReader(home)
    async with Leases.opened(database, "execution:held") as leases:
        desk = VenueDesk(home, reader, settings.venue, leases, None, account)
        sessions, kill_file = KnownSessions(pool), KillFile(home / "KILL")
        deps = ExecutionDeps(pool, desk, sessions, reader, settings, KEY, kill_file)
        try:
            state = await placed(deps, live_facts(), ENTRY, 1)
            print(json.dumps({"status": state.status, "error": state.error}), flush=True)
        except Fenced as error:
            print(json.dumps({"status": "FENCED", "error": str(error)}), flush=True)
    await gateway.close()
    await pool.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), *json.loads(sys.stdin.readline())))
