"""The execution server: its dependencies, its tools, and the mode as a resource."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from db.candles import CandleReader
from db.leases import Leases
from db.pool import open_pool
from db.state import halt
from mcp_servers.execution import tools
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.live_door import keep_looking, opened_exchange
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.execution.obeying import Obeyer
from mcp_servers.execution.protecting import Protector
from mcp_servers.execution.venues.public_book import PublicBooks
from mcp_servers.present import floor_present
from mcp_servers.toolkit import Hosting, build_server, discover
from openoutcry.errors import NotAuthorised, StartupRefused
from wire.budget import RequestBudget
from wire.calls import current_caller
from wire.clock import WallClock
from wire.config import FLOOR_SCOPES, ProcessConfig
from wire.loopback import URL_ENV
from wire.server import FloorServer
from wire.tokens import Caller

INSTRUCTIONS = (
    "Orders and accounts. Every order passes the floor's risk gate, whoever asks: preview_order tells its word and the "
    "costs without sending anything, place_market_order and place_limit_order ask for the real thing. Amounts are decimal "
    "strings. get_mode says whether money is real."
)


def build(hosting: Hosting[ExecutionDeps]) -> FloorServer:
    """The MCP server of every tool in ``tools/``."""
    server = build_server("execution", discover(tools), hosting, instructions=INSTRUCTIONS)
    local = Caller(
        client_id="local", audience="execution", scopes=hosting.local_scopes, org_id=hosting.org_id
    )

    @server.resource("execution://mode", name="mode", mime_type="application/json")
    async def mode() -> str:
        """Whether orders are on paper or live, and whether trading is halted."""
        caller = current_caller(local)
        if not {"order:read", "admin"} & set(caller.scopes):
            raise NotAuthorised("execution://mode needs the scope order:read")
        deps = hosting.deps
        return json.dumps({"mode": deps.settings.trading.mode.upper(), "halted": await halt(deps.pool)})

    return server


@asynccontextmanager
async def opened(config: ProcessConfig, port: int | None) -> AsyncIterator[FloorServer]:
    """Open the database and the candle store; yield the server. Accounts are opened when they are first
    needed.
    """
    url = config.database_url
    if url is None:
        raise StartupRefused(
            "execution: no floor database; start one with `outcry up` or set OUTCRY_DATABASE_URL"
        )
    async with AsyncExitStack() as stack:
        pool = await open_pool(url)
        stack.push_async_callback(pool.close)
        books = public_books(config) if config.run.market == "live" else None
        if books is not None:
            stack.push_async_callback(books.close)
        reader = CandleReader(config.home)
        kill_file, org_id, clock = KillFile(config.kill_file), UUID(config.org_id), WallClock()
        await kill_file.heed(
            pool, org_id, clock.now()
        )  # one that is there already halts before the first order
        watching = asyncio.create_task(kill_file.watch(pool, org_id, clock))
        stack.push_async_callback(_ended, watching)
        leases = await stack.enter_async_context(Leases.opened(url, f"execution:{os.getpid()}"))
        exchange = None
        if config.venue_access is not None:
            exchange = await stack.enter_async_context(
                opened_exchange(config.venue_access, config, pool, clock)
            )
        desk = VenueDesk(config.home, reader, config.settings.venue, leases, books, exchange)
        stack.callback(desk.close)
        stack.push_async_callback(_ended, asyncio.create_task(desk.keep_yielding()))
        sessions = KnownSessions(pool)
        if exchange is not None:
            stack.push_async_callback(_ended, asyncio.create_task(keep_looking(pool, desk, sessions, clock)))
        deps = ExecutionDeps(pool, desk, sessions, reader, config.settings, config.key, kill_file)
        stack.push_async_callback(_ended, asyncio.create_task(Obeyer(deps, leases, config.run.market).run()))
        if config.run.market == "live":
            stack.push_async_callback(_ended, asyncio.create_task(Protector(deps, books).run()))
        yield build(
            Hosting(
                deps=deps,
                present=floor_present(pool, config.run.market),
                key=config.key,
                local_scopes=FLOOR_SCOPES["execution"],
                port=port,
                org_id=config.org_id,
            )
        )


def public_books(config: ProcessConfig) -> PublicBooks:
    """The order books of the exchange that the floor trades at, or practises at."""
    budget = RequestBudget(WallClock(), config.home / "exchanges" / f"{config.run.exchange}.budget")
    return PublicBooks(config.run.exchange, url=os.environ.get(URL_ENV), budget=budget, follow=True)


async def _ended(task: asyncio.Task[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
