"""A real server on a free port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from litestar.types import ASGIApp

from api.server import listening_on


@asynccontextmanager
async def served(app: ASGIApp, **changes: float) -> AsyncIterator[str]:
    """``127.0.0.1:port`` of the app, served as the API's process serves it but for ``changes``."""
    config = listening_on(app, "127.0.0.1", 0)
    for name, value in {"timeout_graceful_shutdown": 1, **changes}.items():
        setattr(config, name, value)
    server = uvicorn.Server(config)
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
        if task.done():
            task.result()
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task
