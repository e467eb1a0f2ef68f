"""The supervisor: what dies comes back, what must end ends, nothing is left."""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from openoutcry.settings import Settings
from orchestrator.supervisor import Supervisor, Task
from wire.config import ProcessConfig, RunSpec

HERE = "tests.orchestrator.test_supervisor"


def sleeper(config: ProcessConfig, port: int | None) -> None:
    """Live until told to stop."""
    (config.home / f"{config.name}-{os.getpid()}").write_text(str(gc.get_freeze_count()))
    threading.Event().wait()


def finisher(config: ProcessConfig, port: int | None) -> None:
    """End well after a moment."""
    sleep(1.0)


def task(name: str, home: Path, *, once: bool = False, niceness: int = 0) -> Task:
    config = ProcessConfig(
        name=name, home=home, database_url=None, run=RunSpec(), settings=Settings(), endpoints={}, key=b"k"
    )
    return Task(
        name,
        f"test {name}",
        f"{HERE}:{'finisher' if once else 'sleeper'}",
        config,
        once=once,
        niceness=niceness,
    )


def ended(pid: int) -> bool:
    """Gone, or dead and not yet reaped by whoever inherited it from a killed fork server."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def watch_until(supervisor: Supervisor, done: Callable[[], bool], within_s: float = 15.0) -> int | None:
    deadline = monotonic() + within_s

    def tick() -> None:
        if done() or monotonic() > deadline:
            supervisor.stop_soon()

    return supervisor.watch(tick, every_s=0.05)


@pytest.mark.parametrize("victim", ["child", "fork server"])
def test_a_killed_process_is_back_within_ten_seconds_and_alone(tmp_path: Path, victim: str) -> None:
    notices: list[tuple[str, str]] = []
    supervisor = Supervisor([task("a", tmp_path), task("b", tmp_path)], lambda *n: notices.append(n))
    supervisor.start()
    try:
        watch_until(supervisor, lambda: len(list(tmp_path.glob("[ab]-*"))) == 2)
        supervisor._stopping = False
        first = supervisor.pids()
        os.kill(first["a"] if victim == "child" else psutil.Process(first["a"]).ppid(), signal.SIGKILL)
        watch_until(supervisor, lambda: supervisor.pids().get("a", first["a"]) != first["a"], within_s=10.0)
        now = supervisor.pids()
        assert now["a"] != first["a"]
        assert ended(first["a"])
        assert ("a", "restarted") in notices
        if victim == "child":
            assert now["b"] == first["b"]
    finally:
        supervisor.stop()
    assert all(ended(pid) for pid in (*first.values(), *now.values()))


def test_a_task_stands_back_as_far_as_it_says(tmp_path: Path) -> None:
    tasks = [task("first", tmp_path), task("back", tmp_path, niceness=3)]
    supervisor = Supervisor(tasks, lambda *_: None)
    supervisor.start()
    try:
        watch_until(supervisor, lambda: len(list(tmp_path.glob("*-*"))) == 2)
        first, back = (psutil.Process(supervisor.pids()[name]).nice() for name in ("first", "back"))
        assert back == min(19, first + 3)
    finally:
        supervisor.stop()


def test_what_the_fork_server_imported_is_no_garbage_of_a_task(tmp_path: Path) -> None:
    """Looking for some there would copy every page that all tasks share."""
    supervisor = Supervisor([task("a", tmp_path)], lambda *_: None)
    supervisor.start()
    try:
        watch_until(supervisor, lambda: any(told.read_text() for told in tmp_path.glob("a-*")))
        (told,) = tmp_path.glob("a-*")
        assert int(told.read_text()) > 10_000
    finally:
        supervisor.stop()


def test_a_task_that_ended_well_is_not_run_again(tmp_path: Path) -> None:
    notices: list[tuple[str, str]] = []
    tasks = [task("stays", tmp_path), task("ends", tmp_path, once=True)]
    supervisor = Supervisor(tasks, lambda *notice: notices.append(notice))
    supervisor.start()
    try:
        assert supervisor.watch(lambda: None, every_s=0.05) == 0
        deadline = monotonic() + 2.0
        assert (
            watch_until(supervisor, lambda: monotonic() > deadline) is None
        )  # still serving, until told to stop
        assert notices == [] and set(supervisor.pids()) == {"stays"}
    finally:
        supervisor.stop()


def broken(config: ProcessConfig, port: int | None) -> None:
    """End badly at once."""
    raise SystemExit(3)


@pytest.mark.parametrize(("target", "code"), [("sleeper", None), ("broken", 3)])
def test_what_is_killed_again_and_again_comes_back_and_what_cannot_start_ends_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, code: int | None
) -> None:
    monkeypatch.setattr("orchestrator.supervisor.BACKOFF_S", (0.0, 0.0))
    once = replace(task("end", tmp_path, once=True), target=f"{HERE}:{target}")
    supervisor, killed = Supervisor([once], lambda *_: None), set[int]()

    def enough() -> bool:
        for told in tmp_path.glob("end-*"):
            if (pid := int(told.name.removeprefix("end-"))) not in killed and len(killed) < 4:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        return len(killed) == 4 and len(list(tmp_path.glob("end-*"))) == 5

    supervisor.start()
    try:
        assert watch_until(supervisor, enough, within_s=60.0) == code
        assert len(killed) == (4 if code is None else 0)
    finally:
        supervisor.stop()


def test_a_task_that_ends_well_ends_the_watch(tmp_path: Path) -> None:
    supervisor = Supervisor([task("a", tmp_path), task("end", tmp_path, once=True)], lambda *_: None)
    supervisor.start()
    try:
        assert watch_until(supervisor, lambda: False) == 0
    finally:
        supervisor.stop()
    assert supervisor.pids() == {}


def test_a_program_without_a_main_guard_is_not_run_again_by_its_children(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import pathlib\n"
        f"home = pathlib.Path({str(tmp_path)!r})\n"
        "(home / 'runs').open('a').write('run;')\n"
        "from orchestrator.supervisor import Supervisor\n"
        f"from {HERE} import task\n"
        "floor = Supervisor([task('end', home, once=True)], lambda *_: None)\n"
        "floor.start()\n"
        "assert floor.watch(lambda: None) == 0\n"
        "floor.stop()\n"
    )
    root = Path(__file__).resolve().parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root)}
    subprocess.run([sys.executable, program], cwd=root, env=environment, timeout=60, check=True)
    assert (tmp_path / "runs").read_text() == "run;"
