"""The orchestrator as a process."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import structlog

from db.embedder import embed_all, keep_embedding
from db.leases import ORCHESTRATOR, Leases
from db.memory.reflecting import keep_reflecting, reflect_all
from db.memory.spaces import answer_offline
from db.regimes.keeping import RegimeKeeper
from db.sessions import refuse_other_mode
from openoutcry.errors import Fenced, StartupRefused
from openoutcry.spaces import parse_embedder
from openoutcry.types.fence import Fence
from orchestrator.bootstrap import LiveFloor, connections, roster, seats
from orchestrator.conductor import Conductor
from orchestrator.poll import Askable
from orchestrator.store import Store
from orchestrator.taping import RunRecording
from wire.cassette import Recorder
from wire.config import ProcessConfig
from wire.connect import Connection
from wire.crashpoint import crashpoint
from wire.host import run as run_async
from wire.stopping import when_stopped
from wire.taped import RecordingPeer

log = structlog.get_logger()
LEASE = ORCHESTRATOR
PATIENCE_S = 15.0
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
    recorder = None if config.cassette is None else Recorder(config.cassette, "orchestrator")
    async with (
        sole_orchestrator(config.database_url) as fence,
        Store.opened(config.database_url, config.home, config.org_id, fence) as store,
    ):
        await refuse_other_mode(store.pool, config.run.key(), live=config.run.live)
        floor = LiveFloor(
            home=config.home,
            store=store,
            servers=taped(servers, recorder),
            agents=taped(agents, recorder, "agent-"),
            voices=seats(config.settings, agents),
            host=host,
            root=config.floor_key,
            settings=await store.settings(config.settings),
            org_id=config.org_id,
            tape=None if recorder is None else RunRecording(recorder),
        )
        if parse_embedder(config.settings.memory.embedder).offline:
            await answer_offline(store.pool)
        await store.publish_roster(roster())
        conductor = Conductor(floor, config.run, config.home)
        when_stopped(conductor.stop_soon)
        regimes = RegimeKeeper(store.pool, UUID(config.org_id), config.home, config.settings.regimes)
        beside = [
            asyncio.create_task(keep_embedding(store.pool)),
            asyncio.create_task(keep_reflecting(store.pool, store.ended)),
            asyncio.create_task(regimes.keep()),
        ]
        try:
            return await conductor.run()
        finally:
            log.info("orchestrator_closing")
            crashpoint("k16")
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            await embed_all(store.pool)  # no decision is left without
            await reflect_all(store.pool)
            await regimes.look()  # nor a bar unfollowed
            for peer in (*servers.values(), *agents.values(), host):
                with contextlib.suppress(Exception):
                    await peer.close()


def taped(
    peers: Mapping[str, Connection], recorder: Recorder | None, prefix: str = ""
) -> Mapping[str, Askable]:
    """Connections that are written down where there is a recorder."""
    if recorder is None:
        return peers
    return {name: RecordingPeer(f"{prefix}{name}", peer, recorder) for name, peer in peers.items()}


@contextlib.asynccontextmanager
async def sole_orchestrator(url: str) -> AsyncIterator[Fence]:
    """Hold the database's orchestrator lease, waiting for one that is dying. Raises StartupRefused when another lives.

    Records are appended, rounds opened and orders sent under the fence: one that was stopped and woke up after another
    had taken its place can do none of it.
    """
    async with Leases.opened(url, f"orchestrator:{os.getpid()}") as leases:
        try:
            yield await leases.wait_for(LEASE, PATIENCE_S)
        except Fenced as error:
            raise StartupRefused(f"another orchestrator works on this database: {error}") from error
