"""One server at several listeners, as ``outcry up --compat`` serves."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn

from tests.api.ws.serving import Prompt


@asynccontextmanager
async def served_on(config: uvicorn.Config, sockets: list[socket.socket]) -> AsyncIterator[None]:
    """While this is open the app answers at every socket."""
    config.timeout_graceful_shutdown = 1
    server = Prompt(config)
    task = asyncio.create_task(server.serve(sockets=sockets))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells nobody
        await asyncio.sleep(0.01)
    try:
        yield
    finally:
        server.end()
        await task
