"""The floor after a run's end: rounds can still be replayed, and who asks for anything else is told that it is over."""

import asyncio
from uuid import UUID

from db import commands
from openoutcry.errors import BadInput, StartupRefused
from openoutcry.types.commands import ReplayRound
from orchestrator.again import replay_stored
from orchestrator.bootstrap import roster
from orchestrator.run import sole_orchestrator
from orchestrator.store import Store
from wire.config import ProcessConfig
from wire.host import run as run_async
from wire.stopping import stop_event

OVER = {
    "error": "the run is complete: nothing is traded any more",
    "code": "RUN_COMPLETE",
    "status": 409,
    "field": None,
}


def run(config: ProcessConfig, port: int | None = None) -> None:
    """Answer commands until SIGTERM."""
    run_async(serve(config))


async def serve(config: ProcessConfig) -> None:
    """Take the orchestrator's place, without sessions."""
    if config.database_url is None:
        raise StartupRefused("answering commands needs a database")
    async with (
        sole_orchestrator(config.database_url) as fence,
        Store.opened(config.database_url, config.home, config.org_id, fence) as store,
    ):
        roster()  # imports the agents before anybody waits for them
        stop = stop_event()
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            store.command_waiting.clear()
            store.halts_changed.clear()
            for symbol, halt in (await store.halts()).items():
                await store.swept(symbol, flatten=halt["flatten"])  # nothing is open any more
            for pending in await store.pending_commands():
                await _answer(store, config, pending)
            waking = asyncio.ensure_future(store.command_waiting.wait())
            halting = asyncio.ensure_future(store.halts_changed.wait())
            await asyncio.wait({stopping, waking, halting}, return_when=asyncio.FIRST_COMPLETED)
            waking.cancel()
            halting.cancel()


async def _answer(store: Store, config: ProcessConfig, pending: commands.Pending) -> None:
    command = pending.command
    if not isinstance(command, ReplayRound):
        await store.finish_command(pending.id, "FAILED", OVER)
        return
    try:
        done = await replay_stored(store.pool, config.home, UUID(command.session_id), command.seq)
    except BadInput as error:
        body = {"error": str(error), "code": error.code, "status": 400, "field": error.field}
        await store.finish_command(pending.id, "FAILED", body)
    else:
        await store.finish_command(pending.id, "DONE", done.model_dump(mode="json"))
