"""Who gets which server: memory and news run when a seat or a person asks, and only those who ask may call them."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from openoutcry.settings import Settings
from orchestrator.supervisor import Task
from outcry.tasks import plan
from wire.config import RunSpec


def planned(**more: Any) -> dict[str, Task]:
    tasks, _ = plan(
        Path("/nowhere"), spec=RunSpec(), settings=Settings(), database_url="postgresql://x", root=b"k" * 32,
        agents=["trend"], api_port=8080, workers=0, **more,
    )  # fmt: skip
    return {task.name: task for task in tasks}


def knows(task: Task) -> set[str]:
    """The optional servers that a process can call."""
    return {"memory", "news"} & set(task.config.tokens) & set(task.config.endpoints)


def test_nobody_asks_and_none_runs() -> None:
    tasks = planned()
    assert not {"memory", "news"} & set(tasks)
    assert knows(tasks["api"]) == knows(tasks["agent-trend"]) == set()


def test_only_who_advises_stands_back() -> None:
    """An order that is decided, and an answer to a person, do not wait for one more opinion."""
    assert {name for name, task in planned().items() if task.niceness} == {"agent-trend", "strategies"}


def test_who_opens_the_floor_does_not_load_what_only_its_processes_need() -> None:
    """Its own imports come before the fork server's: the floor opens later by each of them."""
    code = "import sys, outcry.opening.floor; sys.exit(str({'mcp', 'starlette', 'litestar', 'pyarrow'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr.strip() == "set()"


def test_a_person_s_servers_are_behind_the_api_and_no_agents() -> None:
    tasks = planned(served=("memory", "news"))
    assert {"memory", "news"} <= set(tasks)
    assert knows(tasks["api"]) == {"memory", "news"}
    assert knows(tasks["agent-trend"]) == set()
    assert tasks["memory"].config.database_url and tasks["memory"].config.floor_key is None


def test_a_seat_s_server_is_the_agents_and_behind_the_api_too() -> None:
    tasks = planned(beside=("memory",), served=("memory",))
    assert knows(tasks["agent-trend"]) == knows(tasks["api"]) == {"memory"}
