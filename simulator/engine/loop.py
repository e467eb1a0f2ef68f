"""An event loop whose time is made up: it never sleeps, and a seed decides the order of what is ready at once."""

import asyncio
import selectors
from collections import deque
from random import Random
from typing import Any


class Stalled(RuntimeError):
    """Nothing is ready and no timer runs: the simulated world stands still for ever."""


class _Instant(selectors.BaseSelector):
    """A selector that moves the clock instead of waiting."""

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
        if timeout is None:
            raise Stalled("nothing is ready and no timer runs")
        self.now += timeout
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
        ready: deque[Any] = self._ready  # type: ignore[attr-defined]
        if len(ready) > 1:
            shuffled = list(ready)
            self._random.shuffle(shuffled)
            ready.clear()
            ready.extend(shuffled)
        super()._run_once()  # type: ignore[misc]
