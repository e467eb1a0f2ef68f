"""What a running floor leaves in {home}/run/floor.json for the other commands: process ids, ports, address."""

import contextlib
import fcntl
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from openoutcry.errors import StartupRefused
from openoutcry.types.frozen import Frozen


class RunFile(Frozen):
    """The floor that runs in a home. ``born`` is the supervisor's start time, which tells it from a reused pid."""

    pid: int
    born: float
    version: str
    address: str
    market: str
    ports: dict[str, int]
    pids: dict[str, int]
    key_file: str | None = None


def path_of(home: Path) -> Path:
    """Where the file is."""
    return home / "run" / "floor.json"


def write(home: Path, content: RunFile) -> None:
    """Replace the file atomically, readable by its owner only."""
    path = path_of(home)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.touch(mode=0o600)
    draft.write_text(content.model_dump_json())
    draft.replace(path)


def running(home: Path) -> RunFile | None:
    """The floor that runs in ``home``, or None: a file left by a killed floor does not count."""
    try:
        found = RunFile.model_validate(json.loads(path_of(home).read_text()))
    except (FileNotFoundError, ValueError):
        return None
    return found if alive(found) else None


def alive(floor: RunFile) -> bool:
    """Whether the floor's supervisor still lives, the last of its processes to end."""
    try:
        process = psutil.Process(floor.pid)
        return abs(process.create_time() - floor.born) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def born(pid: int) -> float:
    """Start time of a process of ours."""
    started: float = psutil.Process(pid).create_time()
    return started


@contextlib.contextmanager
def sole_owner(home: Path) -> Iterator[None]:
    """Hold the home: a second floor in the same one is refused."""
    path = home / "run" / "floor.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StartupRefused(
                f"a floor already runs in {home}; `outcry status` shows it, `outcry down` stops it"
            ) from error
        yield


def read_json(path: Path) -> dict[str, Any] | None:
    """A small JSON file another process replaces atomically; None while there is none."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    return content
