"""Connections to Postgres: typed values, and whole transactions that survive a restart of the server."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import nullcontext
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, cast

import asyncpg
import msgspec
import structlog

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[Any] | PoolConnectionProxy[Any]"
log = structlog.get_logger()
T = TypeVar("T")
Row: TypeAlias = Mapping[str, Any]
"""A row by column name."""

LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.InternalClientError,
    OSError,
)
"""The server went away or is not back yet; the client's own confusion is that it hung up, and its end was not seen yet."""
UNANSWERED = (*LOST, asyncpg.PostgresError, asyncpg.InterfaceError)
"""Whatever a database says that dies, is away or starts: who looks again and again goes on after all of it."""
RACED = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
RETRY_S = 30.0
PAUSE_S = 0.1
CONNECT_S = 5.0
STATEMENT_S = 30.0
QUERIES = 50_000
"""After so many a pool replaces a connection."""
IDLE_S = 300.0
"""After so long unused it lets go of one."""
SESSION: Mapping[str, str] = {
    "application_name": "open-outcry",
    "jit": "off",
    "hnsw.iterative_scan": "relaxed_order",
    "hnsw.ef_search": "100",
}
"""Settings of every connection. Filtered neighbour searches go on until they have enough rows."""
ASYNC_COMMIT = "SELECT set_config('synchronous_commit', 'off', true)"
"""For what a crash may forget: whatever is done outside the database follows a later, durable commit."""
VECTOR_SCHEMA = """
SELECT n.nspname FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
WHERE t.oid = to_regtype('vector')
"""


Hook: TypeAlias = "Callable[[Any], Coroutine[Any, Any, None]]"


async def open_pool(
    url: str,
    *,
    least: int = 1,
    most: int = 4,
    opened: Hook | None = None,
    lent: Hook | None = None,
    settings: Mapping[str, str] = SESSION,
    kind: type[asyncpg.Pool] = asyncpg.Pool,
) -> asyncpg.Pool:
    """A pool whose connections read jsonb as Python objects, numeric as Decimal, vector as a list of floats.

    ``opened`` is told of every new connection, ``lent`` of every one before it is used. Nothing else on these
    connections may be left set or listening: they are handed on without a reset.
    """

    async def init(connection: asyncpg.Connection[Any]) -> None:
        await _ready(connection, opened)

    return await kind(
        url,
        min_size=least,
        max_size=most,
        max_queries=QUERIES,
        max_inactive_connection_lifetime=IDLE_S,
        init=init,
        setup=lent,
        reset=_keep,
        loop=None,
        connection_class=asyncpg.Connection,  # type: ignore[arg-type]  # its stub's variable is bound to nothing
        record_class=asyncpg.Record,
        command_timeout=STATEMENT_S,
        timeout=CONNECT_S,
        server_settings=dict(settings),
    )


async def open_connection(
    url: str, *, opened: Hook | None = None, settings: Mapping[str, str] = SESSION
) -> asyncpg.Connection[Any]:
    """One connection like those of a pool."""
    connection = await asyncpg.connect(
        url, command_timeout=STATEMENT_S, timeout=CONNECT_S, server_settings=dict(settings)
    )
    try:
        await _ready(connection, opened)
    except BaseException:
        connection.terminate()
        raise
    return connection


async def retrying(
    pool: asyncpg.Pool,
    work: Callable[[Connection], Awaitable[T]],
    *,
    within_s: float = RETRY_S,
    begin: bool = True,
) -> T:
    """Run ``work`` in a transaction, again from its start when the server goes away or a race is lost.

    ``work`` must be safe to repeat: after a lost COMMIT nobody knows whether it happened. Raises the last
    error when the server does not come back within ``within_s`` seconds. Work of a single statement is its own
    transaction and need not ``begin`` one.
    """
    deadline = monotonic() + within_s
    while True:
        try:
            return await _attempt(pool, work, begin)
        except (*LOST, *RACED) as error:
            if monotonic() > deadline:
                raise
            log.warning("database_retry", error=f"{type(error).__name__}: {error}")
            await asyncio.sleep(PAUSE_S)


async def _attempt(pool: asyncpg.Pool, work: Callable[[Connection], Awaitable[T]], begin: bool) -> T:
    async with pool.acquire(timeout=CONNECT_S) as connection:
        try:
            async with connection.transaction() if begin else nullcontext():
                return await work(connection)
        except asyncpg.InterfaceError as error:
            if _gone(connection):
                raise ConnectionResetError(str(error)) from error
            raise
        except asyncpg.InternalClientError as error:
            connection.terminate()
            raise ConnectionResetError(str(error)) from error
        except TimeoutError as error:  # an OSError too, but a slow statement is no lost server
            raise asyncpg.QueryCanceledError(f"a statement took longer than {STATEMENT_S:.0f} s") from error


async def fetch(
    source: asyncpg.Pool | Connection, query: str, *arguments: Any, timeout_s: float = STATEMENT_S
) -> list[Row]:
    """The rows of a query, typed as what they are used as."""
    return cast("list[Row]", await source.fetch(query, *arguments, timeout=timeout_s))


def _gone(connection: Connection) -> bool:
    try:
        return connection.is_closed()
    except asyncpg.InterfaceError:  # the pool has already let go of it
        return True


async def _keep(connection: asyncpg.Connection[Any]) -> None:
    """Skip the round trip of resetting a connection between uses."""


async def _ready(connection: asyncpg.Connection[Any], opened: Hook | None) -> None:
    try:
        await _codecs(connection)
        if opened is not None:
            await opened(connection)
    except asyncpg.InternalClientError as error:  # hung up on as soon as it was there
        raise ConnectionResetError(str(error)) from error


async def _codecs(connection: asyncpg.Connection[Any]) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_jsonb, decoder=_json_object, format="binary"
    )
    schema = await connection.fetchval(VECTOR_SCHEMA)
    if schema is not None:  # not yet migrated
        await connection.set_type_codec(
            "vector", schema=schema, encoder=_vector, decoder=_floats, format="binary"
        )


def _jsonb(value: Any) -> bytes:
    return b"\x01" + msgspec.json.encode(value)


def _json_object(data: bytes) -> Any:
    return msgspec.json.decode(memoryview(data)[1:])


def _vector(values: Sequence[float]) -> bytes:
    return struct.pack(f">HH{len(values)}f", len(values), 0, *values)


def _floats(data: bytes) -> list[float]:
    size, _ = struct.unpack_from(">HH", data)
    return list(struct.unpack_from(f">{size}f", data, 4))
