"""Run ``host.py`` in a process of its own, as this user or another."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
HOST = Path(__file__).with_name("host.py")


@dataclass(frozen=True)
class Hosted:
    """The host process and what it said once its server was up (or why it is not)."""

    process: subprocess.Popen[str]
    said: dict[str, object]

    @property
    def server_pid(self) -> int:
        return int(str(self.said["pid"]))

    @property
    def url(self) -> str:
        return str(self.said["url"])


@contextmanager
def hosted(home: Path, *, python: str = sys.executable, uid: int | None = None) -> Iterator[Hosted]:
    """Start the host; at the end let it stop its server and wait for it."""
    with subprocess.Popen(
        [python, str(HOST), str(home)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path[1:]])},
        cwd="/",
        user=uid,
        group=uid,
        extra_groups=None if uid is None else [],
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        yield Hosted(process, json.loads(process.stdout.readline()))
        if process.poll() is None:
            process.stdin.close()
            process.wait(15)


def eventually(condition: Callable[[], bool], timeout_s: float = 10.0) -> bool:
    """Whether the condition came true in time."""
    deadline = time.monotonic() + timeout_s
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def gone(pid: int) -> bool:
    """No such process, or only its unwaited remains."""
    shown = subprocess.run(
        ["ps", "-p", str(pid), "-o", "stat="], capture_output=True, text=True, check=False
    ).stdout
    return shown.strip() == "" or shown.strip().startswith("Z")
