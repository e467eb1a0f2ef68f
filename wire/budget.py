"""One exchange's request budget, shared by every process of this machine: exchanges count by address, not by program.

A small file holds the time of the next free slot and the end of a pause the exchange asked for, under a lock that the
kernel releases when its holder dies. Both count from when the machine started, so a clock that is set back or forward
neither shortens a pause nor lengthens it; wall time is kept beside, for a pause that a restart of the machine falls into.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from openoutcry.errors import DataUnavailable
from openoutcry.ports import Clock
from wire.clock import Uptime


class BudgetBroken(DataUnavailable):
    """The file that all processes count in cannot be used: nothing may be asked, for nobody knows of a pause."""


class MachineClock(Clock, Protocol):
    """Wall time, and the time that no hand sets."""

    def uptime(self) -> Uptime:
        """How long this machine has been running."""
        ...


STATE = struct.Struct("<ddd16s")
LONGEST_QUEUE_S = 60.0
LONGEST_WAIT_S = 4 * 86_400.0
"""Longer than the slots of all who wait, and longer than any exchange bans: a time further ahead is none that we wrote."""


@dataclass(frozen=True, slots=True)
class _State:
    """The next free slot and the end of the pause, in seconds of uptime; that end in wall time."""

    free: float
    quiet: float
    quiet_wall: float


class RequestBudget:
    """Slots for requests, one after another, and pauses. Without a ``path`` it is this process's own.

    Everything raises BudgetBroken, naming the file, when that cannot be written.
    """

    def __init__(self, clock: MachineClock, path: Path | None = None) -> None:
        self._clock, self._path = clock, path
        self._own = bytes(STATE.size)

    async def take(self, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        """Wait for a slot; the next one comes ``cost_ms`` later. Whoever may leave up to ``ahead_s`` before it is counted like
        the others, who then wait for longer.
        """
        up = self._clock.uptime()
        with self._bytes() as kept:
            state = self._read(kept, up)
            slot = max(up.seconds, state.free)
            kept[:] = STATE.pack(slot + cost_ms / 1000, state.quiet, state.quiet_wall, up.boot)
        if slot - ahead_s > up.seconds:
            await asyncio.sleep(slot - ahead_s - up.seconds)

    def pause(self, seconds: float) -> None:
        """The exchange asked for this long without requests."""
        up, wall = self._clock.uptime(), self._clock.now().timestamp()
        with self._bytes() as kept:
            state = self._read(kept, up)
            left = max(state.quiet - up.seconds, min(seconds, LONGEST_WAIT_S))
            kept[:] = STATE.pack(state.free, up.seconds + left, wall + left, up.boot)

    @property
    def quiet_s(self) -> float:
        """Seconds that are left of a pause; 0 when there is none."""
        up = self._clock.uptime()
        with self._bytes() as kept:
            return max(self._read(kept, up).quiet - up.seconds, 0.0)

    def _read(self, kept: bytearray, up: Uptime) -> _State:
        free, quiet, quiet_wall, boot = STATE.unpack(kept)
        if boot != up.boot:  # written before the machine was started anew: wall time is all that still counts
            free, quiet = 0.0, up.seconds + quiet_wall - self._clock.now().timestamp()
        free = _sane(free, up.seconds + LONGEST_QUEUE_S)
        return _State(free, _sane(quiet, up.seconds + LONGEST_WAIT_S), quiet_wall)

    @contextmanager
    def _bytes(self) -> Iterator[bytearray]:
        """The state, to be changed in place."""
        if self._path is None:
            state = bytearray(self._own)
            yield state
            self._own = bytes(state)
            return
        try:
            with self._opened(self._path) as state:
                yield state
        except OSError as error:
            raise BudgetBroken(f"{self._path}: {error.strerror}") from error

    @contextmanager
    def _opened(self, path: Path) -> Iterator[bytearray]:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            state = bytearray(os.pread(descriptor, STATE.size, 0).ljust(STATE.size, b"\0"))
            before = bytes(state)
            yield state
            if state != before:
                os.pwrite(descriptor, state, 0)
        finally:
            os.close(descriptor)


def _sane(at: float, most: float) -> float:
    return at if 0 <= at <= most else 0.0
