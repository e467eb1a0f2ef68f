"""Simulated processes: groups of tasks that can be killed at once, held like SIGSTOP, and started again.

A killed process does nothing more: whatever it still runs while its tasks unwind is stopped at the first thing it
would do outside itself.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextvars import ContextVar, copy_context
from typing import Any

from simulator.engine.loop import NumberedTask


class Killed(BaseException):
    """This process is dead. No ``except Exception`` holds it up."""


class Process:
    """One life of a process, since a virtual time. ``deps`` is what its servers stand on."""

    def __init__(self, name: str, life: int, born: float = 0.0) -> None:
        self.name, self.life, self.born = name, life, born
        self.alive = True
        self.deps: Any = None
        self.dying: list[Callable[[], None]] = []
        self._tasks: dict[int, asyncio.Task[Any]] = {}
        self._begun = 0
        self._going = asyncio.Event()
        self._going.set()

    def __str__(self) -> str:
        return f"{self.name}#{self.life}"

    def spawn(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run ``work`` as a task of this process."""
        context = copy_context()
        context.run(CURRENT.set, self)
        return asyncio.get_running_loop().create_task(work, context=context)

    def adopt(self, task: asyncio.Task[Any]) -> None:
        """Every task that this process begins is its own."""
        number = self._begun = self._begun + 1
        self._tasks[number] = task
        task.add_done_callback(lambda _: self._tasks.pop(number, None))

    @property
    def tasks(self) -> int:
        """How many of its tasks have not ended."""
        return len(self._tasks)

    def check(self) -> None:
        """Raise Killed in what a dead process still runs."""
        if not self.alive:
            raise Killed

    async def gate(self) -> None:
        """Pass when the process is neither dead nor held."""
        self.check()
        if not self._going.is_set():
            await self._going.wait()
            self.check()

    def hold(self) -> None:
        """SIGSTOP, as far as the outside can tell."""
        self._going.clear()

    def go(self) -> None:
        """SIGCONT."""
        self._going.set()

    @property
    def held(self) -> bool:
        """Whether it stands still."""
        return not self._going.is_set()

    def kill(self) -> None:
        """SIGKILL: nothing of it reaches the outside any more."""
        if not self.alive:
            return
        self.alive = False
        self._going.set()
        for tell in self.dying:
            tell()
        for task in list(self._tasks.values()):
            if not task.done():
                task.cancel()


CURRENT: ContextVar[Process] = ContextVar("simulated process")


def own_tasks(loop: Any, work: Any, context: Any = None, **more: Any) -> Any:
    """A task factory that gives each new task to the process that began it."""
    task = NumberedTask(work, loop=loop, context=context, **more)
    process = (context.get(CURRENT) if context is not None else None) or CURRENT.get(None)
    if process is not None:
        process.adopt(task)
        if not process.alive:
            task.cancel()
    return task
