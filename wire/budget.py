"""One exchange's request budget, shared by every process of this machine: exchanges count by address, not by program.

A small file holds the time of the next free slot and the end of a pause the exchange asked for, under a lock that the
kernel releases when its holder dies.
"""

import asyncio
import fcntl
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from openoutcry.errors import DataUnavailable
from openoutcry.ports import Clock


class BudgetBroken(DataUnavailable):
    """The file that all processes count in cannot be used: nothing may be asked, for nobody knows of a pause."""


STATE = struct.Struct("<dd")
LONGEST_QUEUE_S = 60.0
LONGEST_WAIT_S = 4 * 86_400.0
"""Longer than the slots of all who wait, and longer than any exchange bans: a time further ahead was written by a clock that was
wrong, or has been set back since.
"""


class RequestBudget:
    """Slots for requests, one after another, and pauses. Without a ``path`` it is this process's own.

    Everything raises BudgetBroken, naming the file, when that cannot be written.
    """

    def __init__(self, clock: Clock, path: Path | None = None) -> None:
        self._clock, self._path = clock, path
        self._own = STATE.pack(0.0, 0.0)

    async def take(self, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        """Wait for a slot; the next one comes ``cost_ms`` later. Whoever may leave up to ``ahead_s`` before it is counted like
        the others, who then wait for longer.
        """
        now = _seconds(self._clock.now())
        with self._state() as state:
            free, quiet = self._sane(state, now)
            slot = max(now, free)
            state[:] = STATE.pack(slot + cost_ms / 1000, quiet)
        if slot - ahead_s > now:
            await asyncio.sleep(slot - ahead_s - now)

    def pause(self, seconds: float) -> None:
        """The exchange asked for this long without requests."""
        now = _seconds(self._clock.now())
        with self._state() as state:
            free, quiet = self._sane(state, now)
            state[:] = STATE.pack(free, max(quiet, now + min(seconds, LONGEST_WAIT_S)))

    @property
    def quiet_s(self) -> float:
        """Seconds that are left of a pause; 0 when there is none."""
        now = _seconds(self._clock.now())
        with self._state() as state:
            return max(self._sane(state, now)[1] - now, 0.0)

    def _sane(self, state: bytearray, now: float) -> tuple[float, float]:
        free, quiet = STATE.unpack(state)
        return _sane(free, now + LONGEST_QUEUE_S), _sane(quiet, now + LONGEST_WAIT_S)

    @contextmanager
    def _state(self) -> Iterator[bytearray]:
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


def _seconds(at: datetime) -> float:
    return at.timestamp()
