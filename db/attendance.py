"""How many are inside, of each name, in all processes together.

A row a name, with one count a process. A process is known by its connection here: what a dead one left counts no more,
for its connection is gone. Only coming in asks the database; who leaves is told of a moment later, and what could not be
told, as while the database is away, is told again as a whole number when it is back.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import structlog

from db.pool import CONNECT_S, LOST

log = structlog.get_logger()
PAUSE_S = 0.5
ME = """
SELECT pid || '@' || extract(epoch FROM backend_start) FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""
ALIVE = "SELECT pid || '@' || extract(epoch FROM backend_start) FROM pg_stat_activity"
OTHERS = f"""
SELECT coalesce(jsonb_object_agg(key, value), '{{}}') FROM jsonb_each(a.inside) WHERE key <> $2 AND key IN ({ALIVE})
"""
ENTER = f"""
INSERT INTO attendance AS a (name, inside) SELECT $1, jsonb_build_object($2::text, $3::int) WHERE $3::int <= $4::int
ON CONFLICT (name) DO UPDATE SET inside = ({OTHERS}) || jsonb_build_object($2::text, $3::int), at = now()
WHERE $3::int + (SELECT coalesce(sum(value::int), 0) FROM jsonb_each_text(({OTHERS}))) <= $4::int
RETURNING true
"""
"""The row is locked before it is counted: of two who come at once for one place, one gets it."""
TELL = """
INSERT INTO attendance AS a (name, inside)
SELECT name, CASE WHEN count > 0 THEN jsonb_build_object($1::text, count) ELSE '{}' END
FROM unnest($2::text[], $3::int[]) AS mine (name, count) ORDER BY name
ON CONFLICT (name) DO UPDATE SET inside = (a.inside - $1::text) || excluded.inside, at = now()
"""
EMPTY = "DELETE FROM attendance WHERE name = ANY($1) AND inside = '{}'"
SWEEP = f"""
DELETE FROM attendance WHERE at < now() - interval '1 minute'
    AND NOT EXISTS (SELECT FROM jsonb_object_keys(inside) AS key WHERE key IN ({ALIVE}))
"""
"""What only dead processes wrote. A minute old: no process may have come alive since this statement looked."""


class Attendance:
    """This process's counts; use ``opened``."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._inside: Counter[str] = Counter()
        self._untold: set[str] = set()
        self._connection: asyncpg.Connection | None = None
        self._me = ""
        self._turn = asyncio.Lock()
        self._woken = asyncio.Event()

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str) -> AsyncIterator["Attendance"]:
        """Count until the block ends; then all of this process are gone. Nothing is connected before somebody comes."""
        made = cls(url)
        telling = asyncio.create_task(made._tell_on())
        try:
            yield made
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)
            if made._connection is not None:
                made._connection.terminate()

    async def enter(self, name: str, most: int) -> bool:
        """One more of ``name``, unless that made more than ``most`` in all processes. Raises what a lost database raises."""
        async with self._turn:
            connection = await self._connected()
            count = self._inside[name] + 1
            try:
                entered = await connection.fetchval(ENTER, name, self._me, count, most, timeout=CONNECT_S)
            except BaseException:  # cancelled, say: nobody knows whether it was counted
                self._tell_later(name)
                raise
            if entered:
                self._inside[name] += 1
            return bool(entered)

    def leave(self, name: str) -> None:
        """One less, told to the others at once or as soon as they can be told."""
        self._inside[name] -= 1
        if not self._inside[name]:
            del self._inside[name]
        self._tell_later(name)

    def _tell_later(self, name: str) -> None:
        self._untold.add(name)
        self._woken.set()

    async def _tell_on(self) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            try:
                async with self._turn:
                    await self._tell()
            except (*LOST, asyncpg.InterfaceError, asyncpg.QueryCanceledError) as error:
                log.warning("attendance_untold", error=f"{type(error).__name__}: {error}")
                await asyncio.sleep(PAUSE_S)
                self._woken.set()

    async def _tell(self) -> None:
        connection = await self._connected()
        names = sorted(self._untold)
        if not names:
            return
        counts = [self._inside[name] for name in names]
        await connection.execute(TELL, self._me, names, counts, timeout=CONNECT_S)
        self._untold -= {
            name for name, count in zip(names, counts, strict=True) if self._inside[name] == count
        }
        await connection.execute(EMPTY, names, timeout=CONNECT_S)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=CONNECT_S)
            self._me = await self._connection.fetchval(ME, timeout=CONNECT_S)
            self._connection.add_termination_listener(lambda _: self._woken.set())
            await self._connection.execute(SWEEP, timeout=CONNECT_S)
            self._untold |= set(self._inside)
            self._woken.set()
        return self._connection
