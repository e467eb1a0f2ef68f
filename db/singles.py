"""Statements that stand alone, on connections kept for them.

A pool lends a connection with a proxy around it, a timer to stop and to start, and a task that takes it back: more work than
most reads are. Who only asks one thing is lent the connection itself.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar

import asyncpg
from asyncpg import Connection

from db.pool import CONNECT_S, LOST, Hook

T = TypeVar("T")
Method = Callable[..., Awaitable[T]]


class Singles:
    """At most ``most`` connections, opened when they are needed; ``lent`` is told of each before it is used."""

    def __init__(self, connect: Callable[[], Awaitable[Any]], lent: Hook, most: int) -> None:
        self._connect = connect
        self._lent = lent
        self._room = asyncio.Semaphore(most)
        self._idle: list[Any] = []
        self._all: set[Any] = set()
        self._over = False
        self.opened = 0
        """Connections so far."""

    async def run(self, method: Method[T], *arguments: Any, **options: Any) -> T:
        """``method`` of a connection, on one of ours. Raises what it raises."""
        async with self._room:
            connection = self._free() or await self._new()
            try:
                await self._lent(connection)
                result = await method(connection, *arguments, **options)
            except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                if isinstance(error, LOST):
                    self._end(connection)
                else:  # its last word on this statement
                    self._idle.append(connection)
                raise
            except BaseException:  # too late, or nobody waits any more: the statement may still run
                with suppress(Exception):
                    await connection.close(timeout=CONNECT_S)
                self._end(connection)
                raise
            self._idle.append(connection)
            return result

    def terminate(self) -> None:
        """Hang up on all; nothing more can be asked."""
        self._over = True
        self._idle.clear()
        for connection in list(self._all):
            self._end(connection)

    def _free(self) -> Any:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
            self._end(connection)
        return None

    async def _new(self) -> Any:
        if self._over:
            raise asyncpg.InterfaceError("pool is closed")
        connection = await self._connect()
        self._all.add(connection)
        self.opened += 1
        return connection

    def _end(self, connection: Any) -> None:
        self._all.discard(connection)
        connection.terminate()


class SinglesPool(asyncpg.Pool):
    """A pool for transactions, whose own methods ask by ``singles``."""

    singles: Singles

    async def fetch(self, query: str, *args: Any, **options: Any) -> list[Any]:
        """All rows."""
        return await self.singles.run(Connection.fetch, query, *args, **options)

    async def fetchrow(self, query: str, *args: Any, **options: Any) -> Any:
        """The first row."""
        return await self.singles.run(Connection.fetchrow, query, *args, **options)

    async def fetchval(self, query: str, *args: Any, **options: Any) -> Any:
        """The first row's first value."""
        return await self.singles.run(Connection.fetchval, query, *args, **options)

    async def execute(self, query: str, *args: Any, **options: Any) -> str:
        """What was done."""
        return await self.singles.run(Connection.execute, query, *args, **options)

    def terminate(self) -> None:
        """Hang up on all."""
        self.singles.terminate()
        super().terminate()

    async def close(self) -> None:
        """Hang up when the transactions have ended."""
        self.singles.terminate()
        await super().close()
