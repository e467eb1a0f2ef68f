"""Crash points: named places where a test may have the process kill itself, as abruptly as power loss.

``OUTCRY_CRASHPOINT=k9@3`` kills with SIGKILL at the third passing of ``k9``; ``k9@3:stop`` stops the process there
with SIGSTOP, until somebody wakes it. The names of the order protocol:
  k8   the intent is committed             k10  the order is at the venue, the answer is not here
  k9   SENT is committed, nothing is sent  k11  the answer is here, its row is not written
"""

import os
import re
import signal
from collections import Counter
from functools import cache

VARIABLE = "OUTCRY_CRASHPOINT"
PLAN = re.compile(r"(k[0-9]{1,2})@([1-9][0-9]{0,5})(:stop)?", re.ASCII)
_passed: Counter[str] = Counter()


def crashpoint(name: str) -> None:
    """Die here when the environment says so; otherwise nothing."""
    plan = _plan()
    if plan is None or plan[0] != name:
        return
    _passed[name] += 1
    if _passed[name] == plan[1]:
        os.kill(os.getpid(), plan[2])


@cache
def _plan() -> tuple[str, int, signal.Signals] | None:
    match = PLAN.fullmatch(os.environ.get(VARIABLE, ""))
    if match is None:
        return None
    return match[1], int(match[2]), signal.SIGSTOP if match[3] else signal.SIGKILL
