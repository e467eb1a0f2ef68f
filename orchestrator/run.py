"""The orchestrator as a process."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import structlog

from db.embedder import embed_all, keep_embedding
from db.regimes.keeping import RegimeKeeper
from openoutcry.errors import StartupRefused
from orchestrator.bootstrap import LiveFloor, connections, roster, seats
from orchestrator.conductor import Conductor
from orchestrator.store import Store
from wire.config import ProcessConfig
from wire.host import run as run_async

log = structlog.get_logger()
LOCK = 0x6F6F3031
LOCK_TRIES = 60
TOLD_TO_STOP = 143
"""Exit code after SIGTERM: not the end of the run, so a supervisor that did not ask for it starts us again."""


def run(config: ProcessConfig, port: int | None = None) -> None:
    """Conduct until the run ends (exit 0) or SIGTERM (exit 143)."""
    ended: list[bool] = []

    async def main() -> None:
        ended.append(await conduct(config))

    run_async(main())
    if ended != [True]:
        raise SystemExit(TOLD_TO_STOP)


async def conduct(config: ProcessConfig) -> bool:
    """Open the store and the connections, and run. True when the run came to its own end."""
    if config.floor_key is None or config.database_url is None:
        raise StartupRefused("the orchestrator needs the floor key and a database")
    servers, agents, host = connections(config)
    async with (
        sole_orchestrator(config.database_url),
        Store.opened(config.database_url, config.home, config.org_id) as store,
    ):
        floor = LiveFloor(
            home=config.home,
            store=store,
            servers=servers,
            agents=agents,
            voices=seats(config.settings, agents),
            host=host,
            root=config.floor_key,
            settings=await store.settings(config.settings),
            org_id=config.org_id,
            halted=await store.halt(),
        )
        await store.publish_roster(roster())
        conductor = Conductor(floor, config.run, config.home)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, conductor.stop_soon)
        regimes = RegimeKeeper(store.pool, UUID(config.org_id), config.home, config.settings.regimes)
        beside = [asyncio.create_task(keep_embedding(store.pool)), asyncio.create_task(regimes.keep())]
        try:
            return await conductor.run()
        finally:
            log.info("orchestrator_closing")
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await embed_all(store.pool)  # no decision is left without
            await regimes.look()  # nor a bar unfollowed
            for peer in (*servers.values(), *agents.values(), host):
                with contextlib.suppress(Exception):
                    await peer.close()


@contextlib.asynccontextmanager
async def sole_orchestrator(url: str) -> AsyncIterator[None]:
    """Hold the database's orchestrator lock, waiting for one that is dying. Raises StartupRefused when another lives.

    The lock keeps two from working against each other; that no record is ever written twice is the chain's own
    compare-and-set.
    """
    connection = await asyncpg.connect(url)
    try:
        for _ in range(LOCK_TRIES):
            if await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
                break
            await asyncio.sleep(0.25)
        else:
            raise StartupRefused("another orchestrator works on this database")
        yield
    finally:
        connection.terminate()
