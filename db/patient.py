"""A pool whose single statements wait out a restart of the server, for whoever must not end because of one."""

from typing import Any, cast

import asyncpg

from db.pool import retrying


class _Patient:
    """Statements are run again after a lost connection, so all that come through here must be safe to repeat."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.acquire, self.close, self.terminate = pool.acquire, pool.close, pool.terminate

    async def fetch(self, query: str, *given: Any, **how: Any) -> Any:
        return await retrying(
            self._pool, lambda connection: connection.fetch(query, *given, **how), begin=False
        )

    async def fetchrow(self, query: str, *given: Any, **how: Any) -> Any:
        return await retrying(
            self._pool, lambda connection: connection.fetchrow(query, *given, **how), begin=False
        )

    async def fetchval(self, query: str, *given: Any, **how: Any) -> Any:
        return await retrying(
            self._pool, lambda connection: connection.fetchval(query, *given, **how), begin=False
        )

    async def execute(self, query: str, *given: Any, **how: Any) -> Any:
        return await retrying(
            self._pool, lambda connection: connection.execute(query, *given, **how), begin=False
        )

    async def executemany(self, query: str, rows: Any, **how: Any) -> Any:
        return await retrying(self._pool, lambda connection: connection.executemany(query, rows, **how))


def patient(pool: asyncpg.Pool) -> asyncpg.Pool:
    """``pool``, but through a restart of the database, as ``retrying`` waits for it."""
    return cast("asyncpg.Pool", _Patient(pool))
