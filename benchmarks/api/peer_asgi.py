"""The limit: an ASGI app that does nothing but ask the pool and encode. No routing, no authentication, no limits."""

import os
from datetime import datetime

import asyncpg
import msgspec

ENCODER = msgspec.json.Encoder(decimal_format="number")
QUERY = os.environ["BENCH_QUERY"]
ARGUMENTS = [
    value if kind == "text" else int(value) if kind == "int" else datetime.fromisoformat(value)
    for kind, value in msgspec.json.decode(os.environ["BENCH_ARGUMENTS"])
]
HEAD = [(b"content-type", b"application/json")]
state: dict[str, asyncpg.Pool] = {}


async def app(scope, receive, send):
    """Every path is the list, but ``/empty``."""
    if scope["type"] == "lifespan":
        await receive()
        state["pool"] = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], min_size=8, max_size=8)
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await state["pool"].close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/empty":
        body = b"{}"
    else:
        rows = await state["pool"].fetch(QUERY, *ARGUMENTS)
        body = ENCODER.encode([dict(row) for row in rows])
    headers = [*HEAD, (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})
