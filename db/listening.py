"""One connection that listens for all of a process, and comes back by itself."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import structlog

from db.pool import UNANSWERED

log = structlog.get_logger()
PAUSE_S = 0.2
CONNECT_S = 5.0
CHECK_S = 10.0


class Listening:
    """Wakes waiters on NOTIFY. A wake-up says "look again", no more: it also comes after every reconnection.

    Use as an async context manager; ``ready`` is set while the connection stands.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiters: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._listened: set[str] = set()
        self._changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.ready = asyncio.Event()

    async def __aenter__(self) -> "Listening":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    @asynccontextmanager
    async def on(self, *channels: str) -> AsyncIterator[asyncio.Event]:
        """An event that is set on every notification of ``channels``, and at once."""
        woken = asyncio.Event()
        woken.set()
        for channel in channels:
            self._waiters[channel].add(woken)
        self._changed.set()
        try:
            yield woken
        finally:
            for channel in channels:
                self._waiters[channel].discard(woken)

    async def _run(self) -> None:
        while True:
            try:
                await self._listen()
            except UNANSWERED as error:
                log.warning("listener_lost", error=f"{type(error).__name__}: {error}")
            self.ready.clear()
            await asyncio.sleep(PAUSE_S)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(self._url, timeout=CONNECT_S)
        connection.add_termination_listener(self._look_up)
        self._listened.clear()
        try:
            while not connection.is_closed():
                self._changed.clear()
                await self._listen_to_new(connection)
                try:
                    async with asyncio.timeout(CHECK_S):
                        await self._changed.wait()
                except TimeoutError:
                    await connection.execute("SELECT 1", timeout=CONNECT_S)  # a dead peer is found out here
        finally:
            connection.terminate()

    async def _listen_to_new(self, connection: Any) -> None:
        for channel in set(self._waiters) - self._listened:
            await connection.add_listener(channel, self._wake)
            self._listened.add(channel)
            self._wake(None, 0, channel, "")  # what was said before this moment
        self.ready.set()

    def _look_up(self, _connection: object) -> None:
        self._changed.set()

    def _wake(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        for woken in self._waiters[channel]:
            woken.set()
