"""Leases with fencing tokens: of all processes that could do a thing, one may, and a ghost of an earlier one may not.

A lease is a row. Taking it raises its token; whoever writes under it shows the token in the very transaction of the
write (``CHECK``), so one that lost its lease without knowing, as a process that was stopped and woke up has, writes
nothing. A lease can be taken when its holder's connection is gone, as after a kill, or when it was not renewed in
time, as by a stopped process or one beyond a broken network.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from time import monotonic
from typing import TypeVar

import asyncpg
import structlog

from db.pool import CONNECT_S, LOST, Connection, retrying
from openoutcry.errors import Fenced
from openoutcry.types.fence import Fence

log = structlog.get_logger()
T = TypeVar("T")
GOOD_FOR_S = 3.0
"""How long a lease outlives its last renewal."""
LOOKS = 30
"""How often in that time one who waits looks whether it has ended."""
ORCHESTRATOR = "orchestrator"
"""The lease of whoever keeps the floor's books."""
ALIVE = """
SELECT FROM pg_stat_activity a WHERE a.pid = leases.backend_pid AND a.backend_start = leases.backend_start
"""
TAKE = f"""
INSERT INTO leases (name, holder, token, backend_pid, backend_start, expires_at)
SELECT $1, $2, 1, pg_backend_pid(), backend_start, clock_timestamp() + $3
FROM pg_stat_activity WHERE pid = pg_backend_pid()
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, token = leases.token + 1,
    backend_pid = excluded.backend_pid, backend_start = excluded.backend_start, expires_at = excluded.expires_at
WHERE leases.expires_at <= clock_timestamp() OR NOT EXISTS ({ALIVE})
RETURNING token
"""
RENEW = """
UPDATE leases SET expires_at = clock_timestamp() + $3, backend_pid = me.pid, backend_start = me.backend_start
FROM (SELECT pid, backend_start FROM pg_stat_activity WHERE pid = pg_backend_pid()) me,
     unnest($1::text[], $2::bigint[]) AS mine (name, token)
WHERE leases.name = mine.name AND leases.token = mine.token
RETURNING leases.name
"""
RELEASE = """
UPDATE leases SET expires_at = clock_timestamp() FROM unnest($1::text[], $2::bigint[]) AS mine (name, token)
WHERE leases.name = mine.name AND leases.token = mine.token
"""
HOLDER = "SELECT holder FROM leases WHERE name = $1"
CHECK = """
SELECT leases.name FROM leases JOIN unnest({names}::text[], {tokens}::bigint[]) AS shown (name, token)
    ON leases.name = shown.name AND leases.token = shown.token
ORDER BY leases.name FOR SHARE OF leases
"""
"""The leases that are still held under the tokens shown; until the transaction ends nobody can take them."""
HELD = CHECK.format(names="$1", tokens="$2")
ONE_HOLDS = """
({name}::text IS NULL OR EXISTS (SELECT FROM leases WHERE name = {name} AND token = {token} FOR SHARE))
"""
"""The same of one lease or none, as a condition: true while it is held, or when none was asked for."""


def shown(fences: Sequence[Fence]) -> tuple[list[str], list[int]]:
    """Fences as a statement's arguments: names and tokens."""
    return [fence.name for fence in fences], [fence.token for fence in fences]


def shown_one(fence: Fence | None) -> tuple[str | None, int]:
    """One fence or none as the arguments of ``ONE_HOLDS``."""
    return (None, 0) if fence is None else (fence.name, fence.token)


def only(fence: Fence | None) -> tuple[Fence, ...]:
    """One fence or none, for what asks for several."""
    return () if fence is None else (fence,)


async def must_hold(connection: Connection, fences: Sequence[Fence]) -> None:
    """Raises Fenced, naming the lease, unless all are held; they stay so until the transaction ends."""
    if not fences:
        return
    held = {row["name"] for row in await connection.fetch(HELD, *shown(fences))}
    for fence in fences:
        if fence.name not in held:
            raise Fenced(f"lease {fence.name}: taken by another after token {fence.token}", fence.name)


async def still_held(pool: asyncpg.Pool, fences: Sequence[Fence]) -> None:
    """Raises Fenced, naming the lease, unless all are held at this moment."""
    await retrying(pool, lambda connection: must_hold(connection, fences), begin=False)


async def under(pool: asyncpg.Pool, fence: Fence | None, work: Callable[[Connection], Awaitable[T]]) -> T:
    """Run ``work`` in a transaction in which ``fence``, where there is one, is held. Raises Fenced, with nothing written."""

    async def fenced(connection: Connection) -> T:
        await must_hold(connection, only(fence))
        return await work(connection)

    return await retrying(pool, fenced)


class Leases:
    """The leases of one process, on a connection of their own, renewed until ``opened`` ends.

    Who loses one gives up all: a process that was stopped while another took its place keeps nothing that the other needs.
    """

    def __init__(self, url: str, holder: str, good_for_s: float = GOOD_FOR_S) -> None:
        self._url, self._holder, self._good_for = url, holder, timedelta(seconds=good_for_s)
        self._held: dict[str, Fence] = {}
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()
        self.superseded = asyncio.Event()
        """Set when another had taken a lease of this process: what it still held under any of them is to be let go of."""

    @classmethod
    @asynccontextmanager
    async def opened(cls, url: str, holder: str, good_for_s: float = GOOD_FOR_S) -> AsyncIterator["Leases"]:
        """Keep what is taken until the block ends, then let go of it at once."""
        leases = cls(url, holder, good_for_s)
        beating = asyncio.create_task(leases._beat())
        try:
            yield leases
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            await leases._let_go()

    async def take(self, name: str) -> Fence:
        """The lease's fence, taken now if it is free. Raises Fenced while another holds it."""
        async with self._turn:
            if (known := self._held.get(name)) is not None:
                return known
            connection = await self._connected()
            token = await connection.fetchval(TAKE, name, self._holder, self._good_for, timeout=CONNECT_S)
            if token is None:
                holder = await connection.fetchval(HOLDER, name, timeout=CONNECT_S)
                raise Fenced(f"lease {name}: held by {holder}", name)
            self._held[name] = Fence(name=name, token=token)
            log.info("lease_taken", lease=name, token=token)
            return self._held[name]

    async def wait_for(self, name: str, within_s: float) -> Fence:
        """The same, waiting for one that is dying. Raises Fenced when another lives on."""
        deadline = monotonic() + within_s
        while True:
            try:
                return await self.take(name)
            except Fenced:
                if monotonic() > deadline:
                    raise
                await asyncio.sleep(self._good_for.total_seconds() / LOOKS)

    async def let_go(self, name: str) -> None:
        """Give a lease back at once, so that whoever waits for it need not wait for its end."""
        async with self._turn:
            if (fence := self._held.pop(name, None)) is not None:
                connection = await self._connected()
                await connection.execute(RELEASE, *shown((fence,)), timeout=CONNECT_S)

    async def surrender(self, name: str) -> None:
        """Another has taken ``name``: give up all the rest as well. Whoever was replaced in one place was replaced.

        ``take`` looks anew: this process may stand by, and come back when its successor is gone.
        """
        async with self._turn:
            self._held.pop(name, None)
            await self._yield()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._good_for.total_seconds() / 3)
            try:
                async with self._turn:
                    await self._renew()
            except (*LOST, asyncpg.InterfaceError, asyncpg.QueryCanceledError) as error:
                log.warning("leases_not_renewed", error=f"{type(error).__name__}: {error}")

    async def _renew(self) -> None:
        if not self._held:
            return
        connection, mine = await self._connected(), tuple(self._held.values())
        kept = {
            row["name"]
            for row in await connection.fetch(RENEW, *shown(mine), self._good_for, timeout=CONNECT_S)
        }
        lost = [fence for fence in mine if fence.name not in kept]
        for fence in lost:
            log.error("lease_lost", lease=fence.name, token=fence.token)
            del self._held[fence.name]
        if lost:
            await self._yield()

    async def _yield(self) -> None:
        held, self._held = tuple(self._held.values()), {}
        self.superseded.set()
        if held:
            log.error("superseded", leases=[fence.name for fence in held])
            connection = await self._connected()
            await connection.execute(RELEASE, *shown(held), timeout=CONNECT_S)

    async def _connected(self) -> asyncpg.Connection:
        if self._connection is None or self._connection.is_closed():
            self._connection = await asyncpg.connect(self._url, timeout=CONNECT_S)
        return self._connection

    async def _let_go(self) -> None:
        if self._connection is None:
            return
        try:
            if self._held and not self._connection.is_closed():
                await self._connection.execute(RELEASE, *shown(tuple(self._held.values())), timeout=CONNECT_S)
        except (*LOST, asyncpg.InterfaceError) as error:
            log.warning("leases_not_released", error=str(error))  # they run out by themselves
        finally:
            self._connection.terminate()
