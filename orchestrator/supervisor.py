"""Starts the floor's processes from a fork server, restarts what dies, and stops them all.

A fork server with the heavy imports preloaded starts a process in a fraction of a second and shares its memory. When
it is killed itself, its children look dead to us while they live on: so a child is always ended for sure before it is
started again, and no port or journal ever has two owners.
"""

import contextlib
import multiprocessing
import os
import signal
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import forkserver, resource_tracker
from multiprocessing.connection import wait
from multiprocessing.context import ForkServerContext, ForkServerProcess
from time import monotonic, sleep
from types import ModuleType

import psutil

from orchestrator.child import begin
from wire.config import ProcessConfig

BACKOFF_S = (0.0, 0.5, 1.0, 2.0, 4.0)
CALM_S = 30.0
"""A process that lived this long is restarted without waiting."""
GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class Task:
    """One process to keep alive. ``once``: its clean exit ends the floor instead of being undone.

    ``niceness``: how far it stands back from the others where there are fewer cores than work (nice(2)).
    """

    name: str
    title: str
    target: str
    config: ProcessConfig
    port: int | None = None
    once: bool = False
    niceness: int = 0


@dataclass(slots=True)
class Running:
    """A task's current process."""

    task: Task
    process: ForkServerProcess | None = None
    started: float = 0.0
    failures: int = 0
    exits: int = 0
    restarts: int = 0
    due: float = 0.0
    born: float = field(default=0.0)
    done: bool = False


def warm(preload: Iterable[str]) -> None:
    """Start the fork server now: it imports ``preload`` while the caller does something else."""
    multiprocessing.get_context("forkserver").set_forkserver_preload(list(preload))
    forkserver.ensure_running()


def cool() -> None:
    """End the fork server and its companion and wait until they are gone: by themselves they outlive us by a moment."""
    for helper in (forkserver._forkserver, resource_tracker._resource_tracker):
        helper._stop()  # type: ignore[union-attr]  # the only way, in 3.11 to 3.14


class Supervisor:
    """Keeps tasks alive until one that runs once finishes, or until told to stop."""

    def __init__(self, tasks: Iterable[Task], on_change: Callable[[str, str], None]) -> None:
        self._context: ForkServerContext = multiprocessing.get_context("forkserver")
        self._running = {task.name: Running(task) for task in tasks}
        self._on_change = on_change
        self._stopping = False

    def start(self) -> None:
        """Start every task."""
        for running in self._running.values():
            self._spawn(running)

    def add(self, task: Task) -> None:
        """Start one task more."""
        self._running[task.name] = Running(task)
        self._spawn(self._running[task.name])

    def stop_soon(self) -> None:
        """Make ``watch`` return; safe to call from a signal handler."""
        self._stopping = True

    def pids(self) -> dict[str, int]:
        """Name → process id of what runs now."""
        return {
            name: r.process.pid
            for name, r in self._running.items()
            if r.process is not None and r.process.pid
        }

    def watch(self, tick: Callable[[], None], every_s: float = 0.25) -> int | None:
        """Restart what dies. Returns the exit code of a ``once`` task that ended, or None when told to stop."""
        while not self._stopping:
            sentinels = {r.process.sentinel: r for r in self._running.values() if r.process is not None}
            ended = wait(list(sentinels), timeout=every_s)
            if self._stopping:  # then they end because they were told to, as we were
                return None
            for ready in ended:
                code = self._ended(sentinels[ready])  # type: ignore[index]
                if code is not None:
                    return code
            for running in self._running.values():
                if running.process or running.done or self._stopping:
                    continue
                if monotonic() >= running.due:
                    running.restarts += 1
                    self._spawn(running)
                    self._on_change(running.task.name, "restarted")
            tick()
        return None

    def stop(self) -> None:
        """End every process, those that run once first so that a round in hand is finished."""
        self._stopping = True
        ordered = sorted(self._running.values(), key=lambda r: not r.task.once)
        for group in ([r for r in ordered if r.task.once], [r for r in ordered if not r.task.once]):
            for running in group:
                if running.process is not None and running.process.pid:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(running.process.pid, signal.SIGTERM)
            deadline = monotonic() + GRACE_S
            for running in group:
                if running.process is not None:
                    running.process.join(max(0.0, deadline - monotonic()))
                    _end_for_sure(running)
                    running.process = None

    def _spawn(self, running: Running) -> None:
        task = running.task
        process = self._context.Process(
            target=begin,
            args=(task.title, task.target, task.config, task.port, task.niceness),
            name=task.name,
            daemon=False,
        )
        with _no_main():
            process.start()
        running.process, running.started = process, monotonic()
        running.born = _born(process.pid)

    def _ended(self, running: Running) -> int | None:
        assert running.process is not None
        running.process.join(0.2)
        code = running.process.exitcode
        _end_for_sure(running)
        running.process = None
        if running.task.once and code == 0:
            running.done = True  # whoever watches on is not to run it again
            return 0
        calm = monotonic() - running.started > CALM_S
        running.failures = 0 if calm else running.failures + 1
        running.exits = (
            0 if calm or (code or 0) < 0 else running.exits + 1
        )  # killed from outside: nothing wrong with it
        if running.task.once and running.exits >= len(BACKOFF_S):
            return code or 1
        running.due = (
            monotonic() + BACKOFF_S[min(running.failures, len(BACKOFF_S)) - 1 if running.failures else 0]
        )
        self._on_change(running.task.name, f"died ({_exit_text(code)})")
        return None


@contextlib.contextmanager
def _no_main() -> Iterator[None]:
    """Children need nothing of the program that opened the floor, and must not run it again as their main module."""
    ours = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = ours


def _born(pid: int | None) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return 0.0


def _end_for_sure(running: Running) -> None:
    """Kill the process if it still runs: its fork server may have died and lost sight of it."""
    pid = running.process.pid if running.process is not None else None
    if pid is None:
        return
    try:
        process = psutil.Process(pid)
        if process.create_time() == running.born:
            process.kill()
            deadline = monotonic() + 2.0
            while process.status() != psutil.STATUS_ZOMBIE and monotonic() < deadline:
                sleep(
                    0.01
                )  # not wait(): a dead one may stay unreaped for long, when its new parent does not care
    except psutil.Error:
        return


def _exit_text(code: int | None) -> str:
    if code is not None and code < 0:
        return signal.Signals(-code).name
    return f"exit {code}"
