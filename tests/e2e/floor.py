"""A real floor for a test: ``outcry up`` with every process, in a home of its own."""

import inspect
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx2
import psutil

from outcry.tasks import port_is_free
from tests.patience import PATIENCE_S

ROOT = Path(__file__).resolve().parent.parent.parent
ADMIN_KEY = "test-admin-key-0123456789abcdef"
CANDLES = ROOT.parent / "shared" / "data"


def free_port() -> int:
    """A loopback port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def outcry(
    home: Path, *words: str, check: bool = True, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one command in a home. Raises AssertionError with what it printed when it fails and ``check`` is set."""
    done = subprocess.run(
        [sys.executable, "-m", "outcry", *words, "--home", str(home)],
        cwd=home.parent,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OUTCRY_ADMIN_KEY": ADMIN_KEY, **(env or {})},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0 or not check, (
        f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    )
    return done


@dataclass
class RunningFloor:
    """A floor that runs: its supervisor, address and home, and the file with what it said on its terminal."""

    home: Path
    process: "subprocess.Popen[str]"
    address: str
    log: Path

    def runfile(self) -> dict[str, Any]:
        """What the supervisor says of its processes."""
        content: dict[str, Any] = json.loads((self.home / "run" / "floor.json").read_text())
        return content

    def pid(self, name: str) -> int:
        """Process id of one process."""
        return int(self.runfile()["pids"][name])

    def kill(self, name: str) -> int:
        """SIGKILL one process; returns its id."""
        pid = self.pid(name)
        os.kill(pid, signal.SIGKILL)
        return pid

    def get(self, path: str, **params: Any) -> Any:
        """GET from the API."""
        answer = httpx2.get(
            f"{self.address}{path}",
            params=params,
            headers={"X-API-Key": ADMIN_KEY},
            timeout=PATIENCE_S,
            trust_env=False,
        )
        answer.raise_for_status()
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> httpx2.Response:
        """POST to the API."""
        return httpx2.post(
            f"{self.address}{path}",
            json=body,
            headers={"X-API-Key": ADMIN_KEY},
            timeout=PATIENCE_S,
            trust_env=False,
        )

    def wait_rounds(self, goal: int) -> None:
        """Wait until so many rounds are done."""
        wait_for(lambda: self.rounds() >= goal)

    def rounds(self) -> int:
        """Rounds that are done, by the progress file."""
        try:
            return int(json.loads((self.home / "run" / "progress.json").read_text())["rounds"])
        except FileNotFoundError:
            return 0


def wait_for(what: Callable[[], Any], every_s: float = 0.05) -> Any:
    """The first truthy answer, asked again and again."""
    deadline = monotonic() + PATIENCE_S
    found = None
    while monotonic() < deadline:
        if found := what():
            return found
        sleep(every_s)
    asked = inspect.getsource(what).strip() if inspect.isfunction(what) else repr(what)
    raise AssertionError(f"not within {PATIENCE_S:.0f} s, at the last {found!r}: {asked}")


@contextmanager
def open_floor(home: Path, *words: str) -> Iterator[RunningFloor]:
    """Open a floor, wait for its first round and its API, and stop it afterwards; nothing of it may be left running."""
    port = free_port()
    log = home.parent / f"{home.name}.log"
    with log.open("a") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "outcry", "up", "--home", str(home), "--port", str(port), *words],
            cwd=home.parent,
            env={**os.environ, "PYTHONPATH": str(ROOT), "OUTCRY_ADMIN_KEY": ADMIN_KEY},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            text=True,
        )
    floor = RunningFloor(home, process, f"http://127.0.0.1:{port}", log)
    family: list[psutil.Process] = []
    try:
        wait_for(lambda: _ended(process, log) or (floor.rounds() > 0 and not port_is_free(port)))
        family = psutil.Process(process.pid).children(recursive=True)
        yield floor
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait(PATIENCE_S)
        _, alive = psutil.wait_procs(family, timeout=3)
        for left in alive:
            left.kill()
        assert not alive, f"left running: {alive}"


def _ended(process: "subprocess.Popen[str]", log: Path) -> bool:
    if process.poll() is not None:
        raise AssertionError(f"the floor ended with {process.returncode}:\n{log.read_text()}")
    return False
