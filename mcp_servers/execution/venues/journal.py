"""An append-only journal of venue events: one line per transaction, on disk before anybody hears of it.

Each line is one JSON object: ``n`` the number of its first event (numbers count from 1 without gaps),
``cause`` what asked for it, ``events``, and ``sum``, a digest of the line chained to the line before. A line
is the unit of atomicity. What a crash leaves of a last line without its newline was never answered to anybody
and is cut off on opening; anything else that is not as it was written is refused.
"""

import errno
import fcntl
import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from openoutcry.canonical import canonical_json
from openoutcry.errors import VenueError, VenueUnknown
from openoutcry.sim.events import VenueEvent

EVENTS: TypeAdapter[list[VenueEvent]] = TypeAdapter(list[VenueEvent])
FIRST = "0" * 32


class JournalBroken(VenueError):
    """The journal is not what was written; nothing of it may be used."""

    code = "VENUE_JOURNAL_BROKEN"


class JournalBusy(VenueError):
    """Another process has the journal open."""

    code = "VENUE_JOURNAL_BUSY"


@dataclass(frozen=True, slots=True)
class Transaction:
    """Events that happened together. ``first`` and ``last`` are their numbers."""

    first: int
    cause: str
    events: tuple[VenueEvent, ...]

    @property
    def last(self) -> int:
        """Number of the last event."""
        return self.first + len(self.events) - 1


class Journal:
    """The open journal of one account, locked to this process."""

    def __init__(self, path: Path) -> None:
        """Open or make the file and lock it. Raises JournalBusy."""
        self.path = path
        self.last = 0
        self._sum = FIRST
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self.close()
            raise JournalBusy(f"{path}: another execution server has it open") from error

    def recover(self) -> list[Transaction]:
        """Everything written so far, once, before anything is appended. Cuts off a torn last line.

        Raises JournalBroken.
        """
        data = self.path.read_bytes()
        whole = data.rfind(b"\n") + 1
        if whole < len(data):
            os.ftruncate(self._file, whole)
            os.fsync(self._file)
        if not data:
            _flush_folder(self.path.parent)
        lines = data[:whole].split(b"\n")[:-1]
        try:
            return [self._checked(number, line) for number, line in enumerate(lines, start=1)]
        except JournalBroken:
            self.close()
            raise

    def append(self, cause: str, events: Sequence[VenueEvent], *, durable: bool) -> Transaction:
        """Write one transaction; on return a ``durable`` one survives power loss, any other this process.

        Raises VenueUnknown when writing failed: the journal is closed and tells the truth when it is opened
        again.
        """
        done = Transaction(self.last + 1, cause, tuple(events))
        body = {
            "n": done.first,
            "cause": cause,
            "events": [event.model_dump(mode="json") for event in events],
        }
        total = _chained(self._sum, body)
        line = canonical_json({**body, "sum": total}) + b"\n"
        try:
            if os.write(self._file, line) != len(line):
                raise OSError(errno.ENOSPC, "short write")
            if durable:
                os.fsync(self._file)
        except OSError as error:
            self.close()
            raise VenueUnknown(f"{self.path}: {error}") from error
        self._sum, self.last = total, done.last
        return done

    def close(self) -> None:
        """Let go of the file and its lock."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    @property
    def closed(self) -> bool:
        """True once closed, or after a failed write."""
        return self._file < 0

    def _checked(self, number: int, line: bytes) -> Transaction:
        where = f"{self.path}, line {number}"
        try:
            body: dict[str, Any] = json.loads(line)
            given = body.pop("sum")
            events = tuple(EVENTS.validate_python(body["events"]))
        except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as error:
            raise JournalBroken(f"{where}: not a journal line ({type(error).__name__})") from error
        if given != _chained(self._sum, body):
            raise JournalBroken(f"{where}: altered, or not the line that followed the one before")
        if body["n"] != self.last + 1 or not events:
            raise JournalBroken(f"{where}: its events should start at number {self.last + 1}")
        found = Transaction(body["n"], body["cause"], events)
        self._sum, self.last = given, found.last
        return found


def _chained(before: str, body: dict[str, Any]) -> str:
    return hashlib.sha256(before.encode() + canonical_json(body)).hexdigest()[:32]


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
