"""The run file and the screen of a floor, kept true while it runs."""

import os
from pathlib import Path
from time import monotonic

from openoutcry.version import VERSION
from orchestrator.supervisor import Supervisor
from outcry import runfile
from outcry.screen import Screen
from wire.config import RunSpec

READY_S = 60.0


class Watcher:
    """Keeps the run file and the screen true while the floor runs."""

    def __init__(
        self,
        home: Path,
        spec: RunSpec,
        address: str,
        ports: dict[str, int],
        supervisor: Supervisor,
        screen: Screen,
        key: str | None,
    ) -> None:
        self._home, self._spec, self._address, self._ports = home, spec, address, ports
        self._supervisor, self._screen, self._key = supervisor, screen, key
        self._pids: dict[str, int] = {}
        self._ready = self._unwritten = False
        self._began = monotonic()

    def note(self) -> None:
        """Write the run file when a process id changed, as soon as that can be."""
        pids = self._supervisor.pids()
        if pids == self._pids:
            return
        me = os.getpid()
        content = runfile.RunFile(
            pid=me, born=runfile.born(me), version=VERSION, address=self._address, market=self._spec.market,
            ports=self._ports, pids=pids,
        )  # fmt: skip
        try:
            runfile.write(self._home, content)
        except (
            OSError
        ) as error:  # a disk that is full or read-only by now: the floor goes on, and this is tried again
            if not self._unwritten:
                self._screen.warn(f"{runfile.path_of(self._home)} is out of date: {error.strerror}")
            self._unwritten = True
            return
        self._pids, self._unwritten = pids, False

    def tick(self) -> None:
        """Called a few times a second."""
        self.note()
        state = runfile.read_json(self._home / "run" / "progress.json")
        if state is None:
            if not self._ready and monotonic() - self._began > READY_S:
                self._began = monotonic()
                self._screen.warn(f"no round yet; look into {self._home / 'logs'}")
            return
        if not self._ready:
            self._ready = True
            self._screen.step(f"{len(self._supervisor.pids())} processes, first round closed")
            self._screen.ready(self._address, self._key, self._spec.market, real_orders=self._spec.live)
        self._screen.progress(state)
