"""The server behind the driver's interface: a pool, connections, transactions, and their misfortunes.

Only what the product uses is here. Errors are asyncpg's own, so the product's retries are the ones that run.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from simulator.database.statements import STATEMENTS
from simulator.database.tables import Row, Tables, Transaction
from simulator.engine.process import CURRENT, Process
from simulator.world.chance import Chance

MOST = 4
LOST = "connection was closed in the middle of operation"
RACES = {
    "db_serialization": asyncpg.SerializationError("could not serialize access"),
    "db_deadlock": asyncpg.DeadlockDetectedError("deadlock detected"),
    "db_full": asyncpg.DiskFullError("no space left on device"),
}


class Database:
    """One server for all processes. ``now`` is virtual time, ``notified`` hears NOTIFY."""

    def __init__(self, tables: Tables, chance: Chance, now: Callable[[], float]) -> None:
        self.tables, self.chance, self.now = tables, chance, now
        self.epoch = 0
        self.forgetting = False
        self.down_until = 0.0
        self.open = 0
        self.notified: dict[str, list[asyncio.Event]] = {}
        self.backends: dict[int, Process] = {}
        self._busy = asyncio.Lock()
        self._links = 0

    def linked(self, process: Process) -> int:
        """A new backend for a process."""
        self._links += 1
        self.backends[self._links] = process
        return self._links

    @asynccontextmanager
    async def working(self, backend: int) -> AsyncIterator[Transaction]:
        """One transaction at a time; an exception takes it back."""
        async with self._busy:
            work = Transaction(self.tables, backend, self.backends)
            try:
                yield work
            except BaseException:
                self.tables.rollback(work)
                raise

    def commit(self, work: Transaction) -> None:
        """Commit, and wake who listens."""
        self.tables.commit(work)
        for channel, _ in work.notices:
            for event in self.notified.get(channel, ()):
                event.set()

    def crash(self, seconds: float) -> None:
        """The server dies and is back after ``seconds``; every connection is gone."""
        self.forgetting = True
        lost = self.tables.crash()
        self.forgetting = False
        self.epoch += 1
        self.backends.clear()
        self.down_until = self.now() + seconds
        self.chance.note("db_crash", lost_commits=lost)

    def check(self, epoch: int) -> None:
        """Raise what a client of a server that is gone sees."""
        if epoch != self.epoch:
            raise asyncpg.ConnectionDoesNotExistError(LOST)
        if self.now() < self.down_until:
            raise asyncpg.CannotConnectNowError("the database system is starting up")


class Link:
    """A connection: what ``asyncpg.Connection`` is to the product."""

    def __init__(self, server: Database) -> None:
        self._server, self._epoch = server, server.epoch
        self._number = server.linked(CURRENT.get())
        self._work: Transaction | None = None

    def is_closed(self) -> bool:
        """Whether the server it spoke to is gone."""
        return self._epoch != self._server.epoch

    def terminate(self) -> None:
        """Give up at once."""
        self._epoch = -1
        self._server.backends.pop(self._number, None)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """BEGIN … COMMIT."""
        await self._pause()
        async with self._server.working(self._number) as work:
            self._work = work
            try:
                yield
                if work.changes:
                    await asyncio.sleep(0.0005)
                    CURRENT.get().check()
                    self._server.check(self._epoch)
                self._commit(work)
            finally:
                self._work = None

    async def fetch(self, query: str, *arguments: Any, timeout: float | None = None) -> list[Row]:
        """All rows."""
        rows, _ = await self._run(query, arguments)
        return rows

    async def fetchrow(self, query: str, *arguments: Any, timeout: float | None = None) -> Row | None:
        """The first row."""
        rows = await self.fetch(query, *arguments)
        return rows[0] if rows else None

    async def fetchval(self, query: str, *arguments: Any, timeout: float | None = None) -> Any:
        """The first column of the first row."""
        row = await self.fetchrow(query, *arguments)
        return None if row is None else next(iter(row.values()))

    async def execute(self, query: str, *arguments: Any, timeout: float | None = None) -> str:
        """The command's tag."""
        _, tag = await self._run(query, arguments)
        return tag

    async def executemany(self, query: str, many: Iterable[Sequence[Any]]) -> None:
        """Each in turn."""
        for arguments in many:
            await self._run(query, tuple(arguments))

    async def fetchmany(self, query: str, many: Iterable[Sequence[Any]]) -> list[Row]:
        """The rows of each in turn."""
        found: list[Row] = []
        for arguments in many:
            found += await self.fetch(query, *arguments)
        return found

    async def _run(self, query: str, arguments: Sequence[Any]) -> tuple[list[Row], str]:
        if self._work is not None:
            await self._misfortune()
            return self._done(self._work, query, arguments)
        await self._pause()
        async with self._server.working(self._number) as work:
            await self._misfortune()
            answer = self._done(work, query, arguments)
            self._commit(work)  # one message to the server: nothing comes between
            return answer

    def _done(self, work: Transaction, query: str, arguments: Sequence[Any]) -> tuple[list[Row], str]:
        """Do it. A statement that is unknown here, or has changed, breaks the run: nothing would be shown by it."""
        try:
            statement = STATEMENTS.get(query)
            if statement is None:
                raise NotImplementedError(f"unknown statement: {query.strip()[:150]}")
            return statement(work, arguments)
        except asyncpg.PostgresError:
            raise
        except Exception as error:
            self._server.chance.log.note(
                "server_failed", name="database", tool=query.split()[0], error=repr(error)[:300]
            )
            raise

    async def _pause(self) -> None:
        await CURRENT.get().gate()
        await asyncio.sleep(0.0005 + self._server.chance.stream("db latency").random() * 0.002)
        await CURRENT.get().gate()
        self._server.check(self._epoch)

    async def _misfortune(self) -> None:
        CURRENT.get().check()
        if self._server.chance.strikes("db_slow"):
            await asyncio.sleep(3.0)
            CURRENT.get().check()
        self._server.check(self._epoch)
        if self._server.chance.strikes("db_lost"):
            raise asyncpg.ConnectionDoesNotExistError(LOST)

    def _commit(self, work: Transaction) -> None:
        if not work.changes:
            self._server.commit(work)
            return
        for kind, error in RACES.items():
            if self._server.chance.strikes(kind):
                raise type(error)(str(error))
        if self._server.chance.strikes("db_commit_lost"):
            raise asyncpg.ConnectionDoesNotExistError("connection was closed: nothing was committed")
        unknown = self._server.chance.strikes("db_commit_unknown")
        self._server.commit(work)
        if unknown:
            work.changes = []
            raise asyncpg.ConnectionDoesNotExistError("connection was closed: it was committed")


class Pool:
    """What ``asyncpg.Pool`` is to the product, for one process."""

    def __init__(self, server: Database) -> None:
        self._server = server
        self._free = asyncio.Semaphore(MOST)

    @asynccontextmanager
    async def acquire(self, *, timeout: float | None = None) -> AsyncIterator[Link]:
        """A connection, of at most ``MOST``."""
        await CURRENT.get().gate()
        if self._free.locked():
            async with asyncio.timeout(timeout):
                await self._free.acquire()
        else:
            await self._free.acquire()
        self._server.open += 1
        try:
            if self._server.now() < self._server.down_until:
                raise ConnectionRefusedError("the database does not listen")
            if self._server.chance.strikes("db_too_many"):
                raise asyncpg.TooManyConnectionsError("sorry, too many clients already")
            link = Link(self._server)
            try:
                yield link
            finally:
                link.terminate()
        finally:
            self._server.open -= 1
            self._free.release()

    async def fetch(self, query: str, *arguments: Any, timeout: float | None = None) -> list[Row]:
        """All rows, on any connection."""
        async with self.acquire(timeout=timeout) as link:
            return await link.fetch(query, *arguments)

    async def fetchrow(self, query: str, *arguments: Any) -> Row | None:
        """The first row."""
        async with self.acquire() as link:
            return await link.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: Any) -> Any:
        """The first column of the first row."""
        async with self.acquire() as link:
            return await link.fetchval(query, *arguments)

    async def execute(self, query: str, *arguments: Any) -> str:
        """The command's tag."""
        async with self.acquire() as link:
            return await link.execute(query, *arguments)

    async def close(self) -> None:
        """Nothing is held."""
