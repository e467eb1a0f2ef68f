"""A kind of job for tests: does as its request says, and notes in a file when it starts and ends."""

import multiprocessing
import os
import signal
import time
from pathlib import Path

from db.jobs.rows import Curve, Output
from openoutcry.errors import BadInput
from workers.work import Work

ENTRY_POINT = "[openoutcry.kinds]\nprobe = tests.workers.probe:run\n"


def run(work: Work) -> Output:
    """``steps`` of ``step_s`` seconds each, then what ``then`` says; in attempt 1 only with ``once``."""
    request = work.request
    note = Path(request["note"])
    _note(note, f"start {work.attempt} {os.getpid()}")
    if request.get("grandchild"):
        multiprocessing.Process(target=time.sleep, args=(60,)).start()
    for step in range(request.get("steps", 0)):
        work.progress(step, request["steps"], f"step {step}")
        time.sleep(request["step_s"])
    then = request.get("then", "done")
    if request.get("once") and work.attempt > 1:
        then = "done"
    if then == "refuse":
        raise BadInput("timeframe: no such", field="timeframe")
    if then == "raise":
        raise RuntimeError("b" * 5_000)
    if then == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if then == "exit":
        os._exit(3)
    if then == "spin":
        while True:
            pass
    print("printed on standard output, which is nobody's")
    points = request.get("points", 2)
    _note(note, f"end {work.attempt} {os.getpid()}")
    return Output(
        result={"attempt": work.attempt},
        curve=Curve(list(range(points)), [1.0] * points, [0.0] * points),
        report="<!doctype html>",
    )


def _note(path: Path, line: str) -> None:
    with path.open("a") as out:
        out.write(line + "\n")
