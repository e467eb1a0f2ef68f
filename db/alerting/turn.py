"""Whose turn it is to watch: the process that holds an advisory lock, for as long as its connection stands."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

LOCK = 0x6F757463616C
CONNECT_S = 5.0


@asynccontextmanager
async def turn(url: str) -> AsyncIterator[Callable[[], Awaitable[bool]]]:
    """Asks whether it is this process's turn; raises a database error when the connection is lost."""
    connection = await asyncpg.connect(url, timeout=CONNECT_S)

    async def mine() -> bool:
        if held:
            await connection.execute("SELECT 1", timeout=CONNECT_S)
        return held

    try:
        held: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK)
        yield mine
    finally:
        connection.terminate()
