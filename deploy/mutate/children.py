"""One change, one process: a fork that ends when a test failed, when all passed, or when its time is over."""

import os
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Verdict = Literal["killed", "survived", "timeout"]
SURVIVED, KILLED, UNDECIDED = 0, 1, 3
MEMORY = 6 << 30
PATIENCE = 10
"""Seconds allowed for each second of the processor, those apart in which others had it: tests wait for their database too."""


def tried(work: Callable[[], bool | None], cpu_s: float) -> Verdict | None:
    """What became of a change whose tests (``work``: whether all passed) may take ``cpu_s`` of the processor.

    None when ``work`` says None: it could not be tried in this way.
    """
    child = os.fork()
    if child == 0:
        _become(work, cpu_s)
    until = time.monotonic() + PATIENCE * cpu_s
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > until + _kept_waiting(child):
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout"
        time.sleep(0.004)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL):
        return "timeout"
    code = os.waitstatus_to_exitcode(status)
    return None if code == UNDECIDED else "survived" if code == SURVIVED else "killed"


def _kept_waiting(child: int) -> float:
    """Seconds in which it could have run, had the processor not been another's."""
    _, waited_ns, _ = Path(f"/proc/{child}/schedstat").read_text().split()
    return int(waited_ns) / 1e9


def _become(work: Callable[[], bool | None], cpu_s: float) -> None:
    """The child: quiet, bounded, and gone without the parent's farewells."""
    os.setpgid(0, 0)
    limit = int(cpu_s) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    code = KILLED
    try:
        passed = work()
        code = UNDECIDED if passed is None else SURVIVED if passed else KILLED
    finally:
        os._exit(code)
