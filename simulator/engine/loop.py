"""An event loop whose time is made up: it never sleeps, and a seed decides the order of what is ready at once."""

import asyncio
import selectors
from collections import deque
from heapq import heappop
from random import Random
from typing import Any

RESOLUTION_S = 1e-9
"""Timers this close to each other are one moment."""


class Stalled(RuntimeError):
    """Nothing is ready and no timer runs: the simulated world stands still for ever."""


class _Instant(selectors.BaseSelector):
    """A selector that nothing ever comes from; it keeps the time."""

    def __init__(self) -> None:
        self.now = 0.0
        self._files: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        key = selectors.SelectorKey(fileobj, 0, events, data)
        self._files[fileobj] = key
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.pop(fileobj)

    def get_map(self) -> Any:
        return self._files

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files[fileobj]

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return []


class NumberedTask(asyncio.Task[Any]):
    """A task whose hash is its number in its loop: sets of tasks, as asyncio keeps them, have one order in every process."""

    def __init__(self, work: Any, *, loop: "VirtualLoop", **more: Any) -> None:
        self._number = loop.numbered()
        super().__init__(work, loop=loop, **more)

    def __hash__(self) -> int:
        return self._number


class NumberedFuture(asyncio.Future[Any]):
    """The same for a future."""

    def __init__(self, *, loop: "VirtualLoop") -> None:
        self._number = loop.numbered()
        super().__init__(loop=loop)

    def __hash__(self) -> int:
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time starts at 0 and jumps from timer to timer."""

    def __init__(self, random: Random) -> None:
        self._instant = _Instant()
        self._random = random
        self._numbers = 0
        self._timer_cancelled_count = 0
        super().__init__(self._instant)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._instant.now

    def numbered(self) -> int:
        """The next number of a task or future."""
        self._numbers += 1
        return self._numbers

    def create_future(self) -> asyncio.Future[Any]:
        """A future with a number."""
        return NumberedFuture(loop=self)

    def _run_once(self) -> None:
        """One turn, as asyncio's own without the waiting: it is half of what a run costs."""
        ready: deque[Any] = self._ready  # type: ignore[attr-defined]
        timers: list[Any] = self._scheduled  # type: ignore[attr-defined]
        while timers and timers[0]._cancelled:
            self._drop(timers)
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            if not timers:
                raise Stalled("nothing is ready and no timer runs")
            self._instant.now = max(self._instant.now, timers[0]._when)
        end = self._instant.now + RESOLUTION_S
        while timers and timers[0]._when < end:
            ready.append(self._drop(timers))
        if len(ready) > 1:
            turn = list(ready)
            self._random.shuffle(turn)
            ready.clear()
        else:
            turn = [ready.popleft()] if ready else []
        for handle in turn:
            if not handle._cancelled:
                handle._run()

    def _drop(self, timers: list[Any]) -> Any:
        handle = heappop(timers)
        handle._scheduled = False
        if handle._cancelled:
            self._timer_cancelled_count -= 1
        return handle
