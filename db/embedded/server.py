"""Start and stop the embedded server."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from db.embedded import lock
from db.embedded.account import Account, account_for
from db.embedded.binaries import locate
from db.embedded.cluster import ensure_cluster
from db.embedded.errors import EmbeddedPostgresError
from db.embedded.keeper import Keeper
from db.embedded.layout import Layout
from db.embedded.options import server_options
from db.embedded.postmaster import clear_leftover, end, read_pid_file
from db.embedded.runinfo import choose_port, read_run_info, write_run_info

READY_S = 120.0
"""Crash recovery replays what was written since the last checkpoint; it is seconds, not minutes."""
ORPHANS_S = 20.0
"""How long the backends of a killed server may take to notice and let go of its shared memory."""
TICK_S = 0.02
RETRY_S = 0.2
ORPHANS = ("pre-existing shared memory block", 'lock file "postmaster.pid" already exists')
PORT_TAKEN = "could not create any TCP/IP sockets"


@dataclass(frozen=True)
class _Died:
    """The server ended before it was ready; ``log`` is what it said in this attempt."""

    log: str


class EmbeddedPostgres:
    """One Postgres server under ``home``, owned by this process: on Linux even kill -9 of it ends the server.

    ``durable=False`` trades crash safety for speed and is for tests only. Not for several threads at once.
    """

    def __init__(self, home: Path, *, durable: bool = True) -> None:
        self._layout = Layout.of(home)
        self._durable = durable
        self._keeper: Keeper | None = None
        self._lock: int | None = None
        self._url = ""

    @property
    def pid(self) -> int | None:
        """The server's process id, None when it does not run."""
        return self._keeper.pid if self._keeper is not None and self._keeper.alive() else None

    def alive(self) -> bool:
        return self.pid is not None

    def start(self) -> str:
        """Make the cluster if needed, start the server, wait until it accepts connections; returns its URL.

        Calling it again while the server runs returns the same URL; after the server died it starts it again.
        Raises EmbeddedPostgresError when another process owns the home or the server does not come up; a home that was
        ours stays ours then, to be tried again.
        """
        if self.alive():
            return self._url
        self._layout.make()
        ours = self._lock is not None
        if self._lock is None:
            self._lock = lock.take(self._layout.lock)
        try:
            self._url = self._bring_up()
        except BaseException:
            self._end()
            if not ours:
                self._give_back()
            raise
        return self._url

    def stop(self) -> None:
        """Fast shutdown, harder when that takes long, and give the home back. Nothing when not started."""
        self._end()
        self._give_back()

    def _end(self) -> None:
        if self._keeper is not None:
            if self._keeper.alive():
                end(self._keeper.pid, self._keeper.alive)
            self._keeper.ended()
            self._keeper = None

    def _give_back(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _bring_up(self) -> str:
        binaries = locate(os.environ)
        account = account_for(self._layout.data)
        password = ensure_cluster(self._layout, binaries, account, durable=self._durable)
        last = read_run_info(self._layout)
        preferred = last.port if last else None
        deadline = time.monotonic() + ORPHANS_S
        while True:
            clear_leftover(self._layout.data)
            port = choose_port(preferred)
            outcome = self._try_start(binaries, account, port)
            if isinstance(outcome, Keeper):
                return write_run_info(self._layout, pid=outcome.pid, port=port, password=password).url
            if PORT_TAKEN in outcome.log:
                preferred = None
            elif not any(text in outcome.log for text in ORPHANS):
                raise EmbeddedPostgresError(f"Postgres did not start: {outcome.log.strip()[-800:]}")
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Postgres did not start in {ORPHANS_S:.0f} s: {outcome.log.strip()[-800:]}"
                )
            time.sleep(RETRY_S)

    def _try_start(self, binaries: Path, account: Account, port: int) -> Keeper | _Died:
        """One attempt: the server once it accepts connections, or what it said before it died."""
        data, log = self._layout.data, self._layout.log
        options = server_options(port=port, durable=self._durable)
        command = account.command(binaries / "postgres", "-D", str(data), *options)
        said_before = log.stat().st_size if log.exists() else 0
        self._keeper = keeper = Keeper(command, log)
        deadline = time.monotonic() + READY_S
        while keeper.alive():
            found = read_pid_file(data)
            if found is not None and found.pid == keeper.pid and found.ready:
                return keeper
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(f"Postgres was not ready after {READY_S:.0f} s; see {log}")
            time.sleep(TICK_S)
        keeper.ended()
        return _Died(_since(log, said_before))


def _since(log: Path, offset: int) -> str:
    with log.open("rb") as file:
        file.seek(offset if offset <= log.stat().st_size else 0)
        return file.read().decode(errors="replace")
