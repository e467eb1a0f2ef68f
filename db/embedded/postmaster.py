"""Which process, if any, is the server of a data folder, and how to end it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from db.embedded.errors import EmbeddedPostgresError

FAST_S = 5.0
IMMEDIATE_S = 3.0
TICK_S = 0.02
STATUS_LINE = 7


@dataclass(frozen=True)
class PidFile:
    """What ``postmaster.pid`` says. ``ready``: the server accepts connections."""

    pid: int
    ready: bool


def read_pid_file(data: Path) -> PidFile | None:
    """None when there is no such file or it is half-written."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = abs(int(lines[0]))
    except (FileNotFoundError, IndexError, ValueError):
        return None
    return PidFile(pid, len(lines) > STATUS_LINE and lines[STATUS_LINE].strip() == "ready")


def is_postmaster(pid: int, data: Path) -> bool:
    """Whether this process is a Postgres on this very folder: pids are reused, a number proves nothing."""
    return f"/postgres -D {data} " in _command_line(pid)


def clear_leftover(data: Path) -> None:
    """End a server that outlived its starter, and remove a pid file whose number went to a stranger.

    The caller holds the home's lock, so a server found here belongs to nobody.
    """
    found = read_pid_file(data)
    if found is None:
        return
    if is_postmaster(found.pid, data):
        try:
            end(found.pid, partial(is_postmaster, found.pid, data))
        except PermissionError as refused:
            raise EmbeddedPostgresError(
                f"process {found.pid} serves {data} and belongs to another user"
            ) from refused
    elif "postgres" not in _command_line(found.pid):
        # Postgres would take the stranger for a running server and refuse. Backends that a dead server left
        # behind keep a new one out all the same, through the shared memory they hold.
        (data / "postmaster.pid").unlink(missing_ok=True)


def end(pid: int, alive: Callable[[], bool]) -> None:
    """Fast shutdown; immediate when that takes too long; kill when nothing else helps."""
    for sign, patience_s in (
        (signal.SIGINT, FAST_S),
        (signal.SIGQUIT, IMMEDIATE_S),
        (signal.SIGKILL, IMMEDIATE_S),
    ):
        try:
            os.kill(pid, sign)
        except ProcessLookupError:
            return
        if _gone(alive, patience_s):
            return
    raise EmbeddedPostgresError(f"process {pid} does not end")


def _gone(alive: Callable[[], bool], patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while alive():
        if time.monotonic() > deadline:
            return False
        time.sleep(TICK_S)
    return True


def _command_line(pid: int) -> str:
    """Program and arguments joined by spaces; empty for no such process and for a dead one not waited for."""
    if sys.platform != "linux":
        shown = subprocess.run(
            ["ps", "-ww", "-p", str(pid), "-o", "command="], capture_output=True, text=True, check=False
        )
        return shown.stdout
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except (FileNotFoundError, ProcessLookupError):
        return ""
