"""A real server on a free port, in the test's own event loop."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from litestar.types import ASGIApp

from api.ws.protocol import MAX_FRAME, PING_INTERVAL_S, PONG_WITHIN_S, FloorSocket


@asynccontextmanager
async def served(
    app: ASGIApp, ping_s: float = PING_INTERVAL_S, pong_s: float = PONG_WITHIN_S
) -> AsyncIterator[str]:
    """``127.0.0.1:port`` of the app, served the way ``api.server`` serves it."""
    server = uvicorn.Server(
        uvicorn.Config(
            app,  # type: ignore[arg-type]
            port=0,
            ws=FloorSocket,
            ws_max_size=MAX_FRAME,
            ws_ping_interval=ping_s,
            ws_ping_timeout=pong_s,
            ws_per_message_deflate=False,
            log_config=None,
            lifespan="on",
            timeout_graceful_shutdown=1,
        )
    )
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
