"""Crash points: named places where a test may have the process kill itself, as abruptly as power loss.

``OUTCRY_CRASHPOINT=k9@3`` kills with SIGKILL at the third passing of ``k9``; ``k9@3:stop`` stops the process there
with SIGSTOP, until somebody wakes it. An absolute path instead names a
folder: while a file ``k9`` is in it, the process that takes it away at as many passings as the file says kills itself,
and nobody else does. The names:
  k1   the market was looked at            k10  the order is at the venue, the answer is not here
  k2   an agent's mind has answered         k11  the answer is here, its row is not written
  k3   the ballots are kept                k12  what an order did is in hand, nothing is booked
  k4   the round is open                   k13  the record is committed
  k5   the decision is computed            k14  the record is taken over by the session in hand
  k6   what it ends is cancelled           k15  an order that protects a position is about to be placed
  k7   the gate approved an order          k16  everything is about to be closed, or the process is
  k8   the intent is committed             k17  the schema is changed and not committed
  k9   SENT is committed, nothing is sent

Where many processes share one (the simulator), it puts its own ``Plan`` in place of the environment's.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path

VARIABLE = "OUTCRY_CRASHPOINT"
PLAN = re.compile(r"(k[0-9]{1,2})@([1-9][0-9]{0,5})(:stop)?", re.ASCII)
Plan = Callable[[str], None]
_passed: Counter[str] = Counter()
_plans: list[Plan] = []


def crashpoint(name: str) -> None:
    """Die here when the environment, or the plan in its place, says so; otherwise nothing."""
    if _plans:
        _plans[-1](name)
        return
    if (folder := _folder()) is not None:
        _planted(folder / name)
        return
    plan = _plan()
    if plan is None or plan[0] != name:
        return
    _passed[name] += 1
    if _passed[name] == plan[1]:
        os.kill(os.getpid(), plan[2])


def install(plan: Plan) -> Callable[[], object]:
    """Put ``plan`` in place of the environment's; what is returned takes it away again."""
    _plans.append(plan)
    return _plans.pop


def _planted(file: Path) -> None:
    """Die at the passing that ``file`` asks for; the file goes first, so that one process dies of it."""
    try:
        wanted = int(file.read_text())
    except (OSError, ValueError):
        return
    _passed[file.name] += 1
    if _passed[file.name] >= wanted:
        with suppress(FileNotFoundError):
            file.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


@cache
def _folder() -> Path | None:
    said = os.environ.get(VARIABLE, "")
    return Path(said) if said.startswith("/") else None


@cache
def _plan() -> tuple[str, int, signal.Signals] | None:
    match = PLAN.fullmatch(os.environ.get(VARIABLE, ""))
    if match is None:
        return None
    return match[1], int(match[2]), signal.SIGSTOP if match[3] else signal.SIGKILL
