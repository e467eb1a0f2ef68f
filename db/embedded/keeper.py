"""The running server process and the thread it hangs on."""

import shutil
import subprocess
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from db.embedded.cluster import clean_env
from db.embedded.layout import PRIVATE_FILE

LOG_LIMIT_BYTES = 8_000_000
LOOK_S = 30.0


class Keeper:
    """Starts a program from a thread of its own and keeps that thread until the program has ended.

    The kernel sends the parent-death signal when the *thread* that forked ends, not the process. Started from
    a pool's worker, the server would go down whenever the pool retires that worker; hence a thread whose life
    is the server's. It is a daemon thread: when the interpreter leaves, the server is told to as well.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        self._command = command
        self._log = log
        self._ended = threading.Event()
        spawned: Future[subprocess.Popen[bytes]] = Future()
        threading.Thread(target=self._keep, args=(spawned,), name="postgres-keeper", daemon=True).start()
        self._process = spawned.result()

    @property
    def pid(self) -> int:
        return self._process.pid

    def alive(self) -> bool:
        return self._process.poll() is None

    def ended(self) -> None:
        """The program is known to have ended: let the thread go now instead of at its next look."""
        self._ended.set()

    def _keep(self, spawned: "Future[subprocess.Popen[bytes]]") -> None:
        try:
            process = self._spawn()
        except OSError as failure:
            spawned.set_exception(failure)
            return
        spawned.set_result(process)
        while process.poll() is None:
            self._ended.wait(LOOK_S)
            _bound(self._log)

    def _spawn(self) -> subprocess.Popen[bytes]:
        self._log.touch(PRIVATE_FILE)
        _bound(self._log)
        with self._log.open("ab") as log:
            # A session of its own: Ctrl-C in the terminal must not end the server under our writers' feet.
            return subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=clean_env(),
                cwd="/",
                start_new_session=True,
            )


def _bound(log: Path) -> None:
    """Keep the log and one older file. The server appends, so it goes on at the start of an emptied file."""
    if log.exists() and log.stat().st_size > LOG_LIMIT_BYTES:
        shutil.copy2(log, log.with_suffix(".log.1"))
        with log.open("r+b") as file:
            file.truncate(0)
