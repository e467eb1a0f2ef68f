"""What ``make chaos`` is made of; rows P1, P4, P5, P7, P8 and the seventeen crash points. Its slice is a step of make check."""

import asyncio
import re
import signal
import subprocess
import time
from pathlib import Path
from random import Random
from typing import cast

import psutil
import pytest

from chaos.kills import Kill, Slice
from chaos.reaper import Reaper
from chaos.results import append, read, summary
from chaos.rig import LiveFloor
from deploy import check

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("outcry", "api", "orchestrator", "agents", "mcp_servers", "db", "wire")
CALL = re.compile(r"crashpoint\((.*)\)")
NAME = re.compile(r'"(k\d+)"')


def test_all_seventeen_crash_points_are_in_the_code() -> None:
    files = [path for package in PRODUCT for path in (ROOT / package).rglob("*.py")]
    found = {name for path in files for call in CALL.findall(path.read_text()) for name in NAME.findall(call)}
    assert found == {f"k{number}" for number in range(1, 18)}


def test_make_check_runs_a_slice_of_sixty_seconds() -> None:
    assert ["python", "-m", "chaos", "--seconds", "60"] in [command for _, command in check.BESIDE]


def test_a_slice_goes_on_until_a_few_kills_were_counted() -> None:
    reaper = Reaper.__new__(Reaper)
    reaper.slice = Slice(3, kills=[Kill("k17")])
    assert reaper._goes_on(59.0, 60.0) and reaper._goes_on(61.0, 60.0)
    with pytest.raises(RuntimeError, match="1 kills in 400 s"):
        reaper._goes_on(400.0, 60.0)
    reaper.slice.kills += [Kill("k9"), Kill("postgres")]
    assert reaper._goes_on(59.0, 60.0) and not reaper._goes_on(61.0, 60.0)


class Floor:
    """Two children: one that lives, one that died and that nobody has asked about yet."""

    def __init__(self) -> None:
        self.living, self.zombie = (subprocess.Popen(["sleep", "60"]) for _ in range(2))
        self.zombie.kill()
        while psutil.Process(self.zombie.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)

    def pids(self) -> dict[str, int]:
        return {"living": self.living.pid, "zombie": self.zombie.pid}


def test_only_what_lived_counts_as_killed() -> None:
    floor, reaper = Floor(), Reaper.__new__(Reaper)
    reaper._draw = Random(1)
    counted = [
        asyncio.run(reaper._killed(cast("LiveFloor", floor), name)) for name in ("zombie", "nobody", "living")
    ]
    assert counted == [False, False, True]
    assert floor.living.wait(10) == floor.zombie.wait(10) == -signal.SIGKILL


def test_slices_add_up(tmp_path: Path) -> None:
    told = {
        "seed": 1, "kills": [{"what": "k9", "ready_s": 1.0, "order_s": 2.0}] * 30, "orders": 40, "pauses": 1,
        "during_pauses": 0, "findings": {"doubled": [], "lost": [], "ledger": []}, "gave_up": "", "commit": "abc",
    }  # fmt: skip
    append(tmp_path / "r", told)
    append(tmp_path / "r", {**told, "seed": 2})
    said = summary(read(tmp_path / "r"))
    assert "60 kills in 2 slices" in said and "p < 5.00%" in said and "k9 60" in said
    assert "a process: to READY p50 1.0 s, p99 1.0 s (n=60), to the first order made p50 2.0 s" in said
    append(tmp_path / "r", {**told, "gave_up": "the floor closed by itself"})
    said = summary(read(tmp_path / "r"))
    assert "90 kills in 3 slices" in said and "p < 5.00% at 95 % (n=60)" in said
    append(tmp_path / "r", {**told, "findings": {"doubled": ["a"], "lost": [], "ledger": []}})
    assert "doubled 1" in summary(read(tmp_path / "r")) and "p <" not in summary(read(tmp_path / "r"))
