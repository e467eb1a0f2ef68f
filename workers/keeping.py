"""Work that is done beside the rounds, turn after turn, by one process at a time: nothing waits for it.

What it needs from outside may be missing or down for long. It is asked for again, at first soon and then ever later, so
whatever comes late is used within the run.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

import asyncpg
import structlog

from db.leases import Leases
from db.memory.paying import NoMoney
from db.pool import LOST, open_pool
from openoutcry.errors import BadConfig, Fenced, StartupRefused
from wire.config import ProcessConfig
from wire.stopping import stop_event
from wire.vendor_faults import ProviderFault

log = structlog.get_logger()
NICENESS = 5
FIRST_PAUSE_S = 1.0
AWAY = (ProviderFault, NoMoney, *LOST, asyncpg.InterfaceError, asyncpg.QueryCanceledError)
"""What may be there again the next time."""


class Hand(Protocol):
    """Who does the work."""

    async def turn(self) -> int:
        """Do what there is to do; returns how much that was."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...


@dataclass(frozen=True)
class Work:
    """``name`` is its lease and begins its events. ``idle_s`` passes between turns, at most ``longest_s`` after a failure."""

    name: str
    open: Callable[[asyncpg.Pool], Awaitable[Hand]]
    """Raises BadConfig for settings, prices and keys that do not fit."""
    idle_s: float
    longest_s: float


def run(work: Work, config: ProcessConfig) -> None:
    """Keep at it until SIGTERM, behind whoever trades."""
    if config.database_url is None:
        raise StartupRefused(f"the {work.name} needs the database")
    os.nice(NICENESS)
    asyncio.run(stay(work, config.database_url))


async def stay(work: Work, database_url: str) -> None:
    """Keep at it until SIGTERM or Ctrl-C."""
    async with _at_hand(work, database_url) as (pool, leases):
        await keep(work, pool, leases, stop_event())


async def once(work: Work, database_url: str) -> int:
    """One turn. Raises Fenced when another process is at it, and whatever keeps it from being done."""
    async with _at_hand(work, database_url) as (pool, leases):
        await leases.take(work.name)
        hand = await work.open(pool)
        try:
            return await hand.turn()
        finally:
            await hand.aclose()


async def keep(work: Work, pool: asyncpg.Pool, leases: Leases, stop: asyncio.Event) -> None:
    """Turn after turn until ``stop``. What is missing or wrong is said once and asked for again."""
    hand: Hand | None = None
    failures, unusable = 0, ""
    try:
        while not stop.is_set():
            pause = work.idle_s
            try:
                await leases.take(work.name)
                hand = hand or await work.open(pool)
                await hand.turn()
                failures, unusable = 0, ""
            except Fenced as error:
                log.warning(f"{work.name}_elsewhere", error=str(error))
                pause = work.longest_s
            except BadConfig as error:
                if str(error) != unusable:
                    log.error(f"{work.name}_unusable", error=str(error))
                failures, unusable, pause = failures + 1, str(error), _pause(work, failures)
            except AWAY as error:
                asked = getattr(error, "retry_after_s", None) or 0.0
                pause = max(_pause(work, failures), min(asked, work.longest_s))
                failures += 1
                log.warning(f"{work.name}_waits", error=f"{type(error).__name__}: {error}", seconds=pause)
            await _resting(stop, pause)
    finally:
        if hand is not None:
            await hand.aclose()


def _pause(work: Work, failures: int) -> float:
    return min(work.longest_s, FIRST_PAUSE_S * 2.0 ** min(failures, 10))


async def _resting(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return


@asynccontextmanager
async def _at_hand(work: Work, database_url: str) -> AsyncIterator[tuple[asyncpg.Pool, Leases]]:
    pool = await open_pool(database_url, most=2)
    try:
        async with Leases.opened(database_url, f"{work.name}:{os.getpid()}") as leases:
            yield pool, leases
    finally:
        await pool.close()
