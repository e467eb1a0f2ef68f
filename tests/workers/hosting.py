"""Real worker processes on a database of the test's own, and what became of a job."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic, sleep
from typing import Any
from uuid import UUID

import psutil

from tests.db.embedded.asking import ask
from tests.patience import PATIENCE_S
from tests.workers.probe import ENTRY_POINT

ROOT = Path(__file__).resolve().parents[2]


def drop_in(folder: Path) -> None:
    """Make the probe a kind that workers find in ``folder``, as another distribution would bring it."""
    info = folder / "probe-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: probe\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(ENTRY_POINT)


class Worker:
    """A worker process of this test's."""

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.process, self.log = process, log

    @property
    def pid(self) -> int:
        return self.process.pid

    def says(self, what: str) -> bool:
        return what in self.log.read_text()

    def children(self) -> list[psutil.Process]:
        return psutil.Process(self.pid).children(recursive=True)

    def signal(self, number: signal.Signals) -> None:
        self.process.send_signal(number)


@contextmanager
def worker(url: str, home: Path, *words: str) -> Iterator[Worker]:
    """A worker that is ready; killed afterwards if it still runs. Nothing it started may be left."""
    drop_in(home / "kinds")
    log = home / f"worker-{len(list(home.glob('worker-*')))}.log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "outcry", "worker", "--home", str(home), *words],
            cwd=home,
            env={**os.environ, "PYTHONPATH": f"{home / 'kinds'}:{ROOT}", "OUTCRY_DATABASE_URL": url},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    made = Worker(process, log)
    family: list[psutil.Process] = []
    try:
        wait_for(lambda: made.says("worker_ready") or process.poll() is not None, log=log)
        assert process.poll() is None, log.read_text()
        yield made
        family = made.children() if process.poll() is None else []
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        wait_for(lambda: all(gone(one) for one in family))


def gone(process: psutil.Process) -> bool:
    """Whether it has ended; a zombie has, whoever may reap it."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(what: Callable[[], Any], log: Path | None = None) -> Any:
    """The first truthy answer, asked again and again."""
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        if found := what():
            return found
        sleep(0.05)
    raise AssertionError(f"not within {PATIENCE_S:.0f} s\n{log.read_text() if log else ''}")


def job(url: str, job_id: UUID) -> dict[str, Any]:
    """A job's row, as far as tests ask."""
    names = ("status", "attempt", "losses", "error", "message", "result", "progress_current", "worker")
    (row,) = ask(url, f"SELECT {', '.join(names)} FROM jobs WHERE id = '{job_id}'")
    return dict(zip(names, row, strict=True))
