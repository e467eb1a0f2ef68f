"""Connections to Postgres: typed codecs, and whole transactions that survive a restart of the server."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import Any, TypeVar

import asyncpg
import structlog

log = structlog.get_logger()
T = TypeVar("T")

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.TooManyConnectionsError,
    ConnectionError,
    OSError,
)
"""The server went away or is not back yet."""
RACED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
RETRY_S = 30.0
PAUSE_S = 0.1


async def open_pool(url: str, *, least: int = 1, most: int = 4) -> asyncpg.Pool:
    """A pool whose connections read jsonb as Python objects, numeric as Decimal and vectors as lists of floats."""
    return await asyncpg.create_pool(url, min_size=least, max_size=most, init=_codecs, command_timeout=30.0)


async def _codecs(connection: asyncpg.Connection[Any]) -> None:
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=json.dumps, decoder=json.loads)
    if await connection.fetchval("SELECT to_regtype('vector') IS NOT NULL"):
        schema = await connection.fetchval("SELECT nspname FROM pg_type t JOIN pg_namespace n ON n.oid = typnamespace WHERE typname = 'vector'")
        await connection.set_type_codec("vector", schema=schema, encoder=_vector_text, decoder=json.loads)


def _vector_text(values: Any) -> str:
    return "[" + ",".join(repr(float(value)) for value in values) + "]"


async def retrying(
    pool: asyncpg.Pool, work: Callable[[asyncpg.Connection[Any]], Awaitable[T]], *, within_s: float = RETRY_S
) -> T:
    """Run ``work`` in a transaction, again from its start when the server goes away or a race is lost.

    ``work`` must be safe to repeat: after a lost COMMIT nobody knows whether it happened. Raises the last error when
    the server does not come back within ``within_s`` seconds.
    """
    deadline = monotonic() + within_s
    while True:
        try:
            async with pool.acquire(timeout=5.0) as connection, connection.transaction():
                return await work(connection)
        except (*LOST, *RACED, TimeoutError) as error:
            if monotonic() > deadline:
                raise
            log.warning("database_retry", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(PAUSE_S)
