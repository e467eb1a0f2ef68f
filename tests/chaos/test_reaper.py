"""What ``make chaos`` is made of; rows P1, P4, P5, P7, P8 and the seventeen crash points. Its slice is a step of make check."""

import asyncio
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from random import Random
from typing import cast

import psutil
import pytest

from chaos.kills import Kill, Slice
from chaos.points import Points
from chaos.reaper import Reaper
from chaos.results import append, met, read, summary
from chaos.rig import LiveFloor, Sandbox
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
    reaper._floor = cast("LiveFloor", floor)
    counted = [asyncio.run(reaper._killed(name)) for name in ("zombie", "nobody", "living")]
    assert counted == [False, False, True]
    assert floor.living.wait(10) == floor.zombie.wait(10) == -signal.SIGKILL


def test_the_point_that_was_met_least_is_planted_next(tmp_path: Path) -> None:
    met = Counter({"k1": 3, "k2": 1, "k4": 2, "k6": 2, "k15": 2, "k3": 1, "k5": 2})
    points = Points(tmp_path, met, Random(1), rest_s=0.0)
    assert points.tend() == [] and {file.name for file in tmp_path.iterdir()} == {"k2", "k3"}
    assert points.tend() == [] and points.least(("k1", "k15", "k9")) == "k9"
    (tmp_path / "k2").unlink()  # somebody died there
    points.plant("k9")
    assert points.tend() == ["k2"] and met["k2"] == 2
    assert {file.name for file in tmp_path.iterdir()} - {"k9", "k3"} < {"k2", "k4", "k6", "k15"}
    (tmp_path / "k3").unlink()
    assert points.clear() == ["k3"] and not list(tmp_path.iterdir())


class NoExchange:
    """One that never opens."""

    async def opened(self) -> None:
        await asyncio.sleep(3600)

    def close(self) -> None:
        pass


async def test_a_slice_that_is_told_to_end_says_what_it_was_doing(tmp_path: Path) -> None:
    reaper = Reaper.__new__(Reaper)
    reaper.slice, reaper._doing = Slice(3), "recovering from k9"
    reaper._sandbox = cast("Sandbox", NoExchange())
    reaper._floor = LiveFloor(tmp_path, reaper._sandbox)
    reaper._floor._log.write_text("execution: died")
    running = asyncio.create_task(reaper.run(60.0))
    await asyncio.sleep(0.1)
    running.cancel()
    assert "told to end while recovering from k9: execution: died" in (await running).gave_up


def test_slices_add_up(tmp_path: Path) -> None:
    told = {
        "seed": 1, "kills": [{"what": "k9", "ready_s": 1.0, "order_s": 2.0}] * 30, "orders": 40, "pauses": 1,
        "during_pauses": 0, "findings": {"doubled": [], "lost": [], "ledger": []}, "gave_up": "", "commit": "abc",
        "spent": {"all": 20.0, "until READY": 2.0},
    }  # fmt: skip
    append(tmp_path / "r", told)
    append(tmp_path / "r", {**told, "seed": 2})
    said = summary(read(tmp_path / "r"))
    assert met(read(tmp_path / "r")) == {"k9": 60} and "of 40 s it waited 4 until READY" in said
    assert "60 kills in 2 slices" in said and "p < 5.00%" in said and "k9 60" in said
    assert "a process: to READY p50 1.0 s, p99 1.0 s (n=60), to the first order made p50 2.0 s" in said
    append(tmp_path / "r", {**told, "gave_up": "the floor closed by itself"})
    said = summary(read(tmp_path / "r"))
    assert "90 kills in 3 slices" in said and "p < 5.00% at 95 % (n=60)" in said
    append(tmp_path / "r", {**told, "findings": {"doubled": ["a"], "lost": [], "ledger": []}})
    assert "doubled 1" in summary(read(tmp_path / "r")) and "p <" not in summary(read(tmp_path / "r"))
