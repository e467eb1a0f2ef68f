"""A real server on a free port, in the test's own event loop."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import uvicorn
from litestar.types import ASGIApp

from api.server import listening_on


class Prompt(uvicorn.Server):
    """Ends at once when told and nobody is connected: the usual one looks every 0.1 s, then waits as long for connections."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._told = asyncio.Event()

    def end(self) -> None:
        self.should_exit = True
        self._told.set()

    async def main_loop(self) -> None:
        counter = 0
        while not await self.on_tick(counter):
            counter += 1
            with suppress(TimeoutError):
                await asyncio.wait_for(self._told.wait(), 0.1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await asyncio.sleep(0.005)  # connections that their client has closed are let go of
        if self.server_state.connections or self.server_state.tasks:
            await super().shutdown(sockets)
            return
        for each in (*self.servers, *(sockets or ())):
            each.close()
        await self.lifespan.shutdown()


@asynccontextmanager
async def served(app: ASGIApp, **changes: float) -> AsyncIterator[str]:
    """``127.0.0.1:port`` of the app, served as the API's process serves it but for ``changes``."""
    config = listening_on(app, "127.0.0.1", 0)
    for name, value in {"timeout_graceful_shutdown": 1, **changes}.items():
        setattr(config, name, value)
    server = Prompt(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.end()
        await task
