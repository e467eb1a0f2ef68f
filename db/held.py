"""One connection in the place of a pool, so that what several functions do becomes one transaction."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import asyncpg

from db.pool import Connection


class _Held:
    """Lends the same connection again and again; transactions on it are savepoints of the one that is open."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.fetch = connection.fetch
        self.fetchrow = connection.fetchrow
        self.fetchval = connection.fetchval
        self.execute = connection.execute
        self.executemany = connection.executemany

    @asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator[Any]:
        """The connection. Raises InterfaceError once it is lost: no other one would be in the transaction."""
        if self._connection.is_closed():
            raise asyncpg.InterfaceError("the connection of this transaction was lost")
        yield self._connection


def held(connection: Connection) -> asyncpg.Pool:
    """``connection`` as a pool for one task: two statements at once it does not take."""
    return cast("asyncpg.Pool", _Held(connection))
