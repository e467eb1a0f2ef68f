"""An event loop whose time is made up: it never sleeps, and a seed decides the order of what is ready at once."""

import asyncio
import selectors
from collections import deque
from collections.abc import Callable
from contextvars import Context
from heapq import heappop, heappush
from random import Random
from typing import Any, TypeVarTuple, Unpack

Ts = TypeVarTuple("Ts")
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
    """The same for a future, numbered when it is first put into a set: few are, and there are thousands."""

    _number = 0

    def __hash__(self) -> int:
        if not self._number:
            loop: Any = self.get_loop()
            self._number = loop.numbered()
        return self._number


class VirtualLoop(asyncio.SelectorEventLoop):
    """Time starts at 0 and jumps from timer to timer.

    Handing out turns is most of what a run costs beside the product: what asyncio checks for real loops is left out here.
    """

    def __init__(self, random: Random) -> None:
        self._instant = _Instant()
        self._random = random
        self._numbers = self._timed = 0
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
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

    def call_soon(
        self, callback: Callable[[Unpack[Ts]], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.Handle:
        """In this turn's successor."""
        handle = asyncio.Handle(callback, args, self, context)
        self._ready.append(handle)  # type: ignore[attr-defined]
        return handle

    def call_later(
        self,
        delay: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """After ``delay`` seconds."""
        return self.call_at(self._instant.now + delay, callback, *args, context=context)

    def call_at(
        self,
        when: float,
        callback: Callable[[Unpack[Ts]], object],
        *args: *Ts,
        context: Context | None = None,
    ) -> asyncio.TimerHandle:
        """At a virtual time. Of two timers of one time the older one is the first to be shuffled."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        self._timed += 1
        heappush(self._timers, (when, self._timed, timer))
        return timer

    def _run_once(self) -> None:
        """One turn, as asyncio's own without the waiting."""
        ready: deque[asyncio.Handle] = self._ready  # type: ignore[attr-defined]
        timers = self._timers
        while timers and timers[0][2]._cancelled:
            heappop(timers)
        if not ready and not self._stopping:  # type: ignore[attr-defined]
            if not timers:
                raise Stalled("nothing is ready and no timer runs")
            self._instant.now = max(self._instant.now, timers[0][0])
        end = self._instant.now + RESOLUTION_S
        while timers and timers[0][0] < end:
            ready.append(heappop(timers)[2])
        turn = list(ready)
        ready.clear()
        if len(turn) > 1:
            self._random.shuffle(turn)
        for handle in turn:
            if not handle._cancelled:
                handle._run()
