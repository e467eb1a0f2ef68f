"""Work that several callers want at once: done once, waited for a while, never cancelled by a caller's deadline."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable


class Shared:
    """At most one running task per key."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[None]], patience_s: float) -> bool:
        """Start ``work`` unless it runs already; True when it ends within ``patience_s``, with its exception if any."""
        task = self._tasks.get(key)
        if task is None:
            task = asyncio.create_task(self._kept(key, work))
            self._tasks[key] = task
        done, _ = await asyncio.wait({task}, timeout=patience_s)
        if done:
            task.result()
        return bool(done)

    async def _kept(self, key: Hashable, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        finally:
            del self._tasks[key]

    async def close(self) -> None:
        """Cancel what runs."""
        running = list(self._tasks.values())
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
