"""One budget of requests for all processes of a home, and one pause."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from wire.budget import LONGEST_WAIT_S, STATE, RequestBudget
from wire.clock import Uptime, WallClock

ROOT = Path(__file__).parents[2]
TAKING = """
import asyncio, sys
from pathlib import Path
from wire.budget import RequestBudget
from wire.clock import WallClock

async def main() -> None:
    budget = RequestBudget(WallClock(), Path(sys.argv[1]))
    for _ in range(10):
        await budget.take(30)
        print(WallClock().now().timestamp(), flush=True)

asyncio.run(main())
"""


async def test_slots_follow_one_another() -> None:
    budget, began = RequestBudget(WallClock()), time.monotonic()
    await asyncio.gather(*(budget.take(40) for _ in range(4)))
    assert time.monotonic() - began >= 0.12


async def test_who_goes_first_does_not_wait_and_the_others_wait_for_it() -> None:
    budget, began = RequestBudget(WallClock()), time.monotonic()
    reading = asyncio.create_task(budget.take(200))
    waiting = asyncio.create_task(budget.take(200))
    await asyncio.sleep(0)
    await budget.take(200, ahead_s=5.0)
    assert not waiting.done()
    behind = asyncio.create_task(budget.take(0))
    await asyncio.gather(reading, waiting, behind)
    assert time.monotonic() - began >= 0.55
    late = asyncio.create_task(budget.take(0, ahead_s=0.01))
    await budget.take(400)
    await asyncio.gather(late, budget.take(0, ahead_s=0.1))
    assert time.monotonic() - began >= 0.85  # no further ahead than it may


def test_processes_share_the_slots(tmp_path: Path) -> None:
    command = [sys.executable, "-c", TAKING, str(tmp_path / "x" / "binance.budget")]
    both = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    taken = sorted(float(line) for one in both for line in one.communicate(timeout=30)[0].split())
    assert len(taken) == 20
    assert taken[-1] - taken[0] >= 19 * 0.030 - 0.03


class SetByHand(WallClock):
    """A machine that runs, and a wall clock that somebody sets."""

    def __init__(self) -> None:
        self.wall, self.up = datetime(2024, 1, 1, tzinfo=UTC), Uptime(b"first start here", 1_000.0)

    def now(self) -> datetime:
        return self.wall

    def uptime(self) -> Uptime:
        return self.up

    def passes(self, seconds: float) -> None:
        self.wall += timedelta(seconds=seconds)
        self.up = self.up._replace(seconds=self.up.seconds + seconds)

    def started_anew(self, after_s: float) -> None:
        self.wall += timedelta(seconds=after_s)
        self.up = Uptime(b"second start now", 20.0)


def test_a_pause_is_seen_by_everyone_and_ends(tmp_path: Path) -> None:
    clock = SetByHand()
    one, other = (RequestBudget(clock, tmp_path / "b") for _ in range(2))
    assert other.quiet_s == 0
    one.pause(7)
    one.pause(3)
    assert other.quiet_s == 7
    clock.passes(8)
    assert other.quiet_s == 0


@pytest.mark.parametrize("hours", [-30 * 24, -1, 1, 30 * 24])
async def test_e7_e9_a_clock_that_is_set_neither_ends_a_pause_nor_prolongs_it(
    tmp_path: Path, hours: int
) -> None:
    clock = SetByHand()
    one, other = (RequestBudget(clock, tmp_path / "b") for _ in range(2))
    one.pause(120)
    clock.wall += timedelta(hours=hours)
    assert other.quiet_s == 120
    one.pause(5)
    assert other.quiet_s == 120
    clock.passes(119)
    assert other.quiet_s == 1
    clock.passes(1)
    assert other.quiet_s == 0


@pytest.mark.parametrize("hours", [-1, 1])
async def test_e9_a_clock_that_is_set_moves_no_turn(hours: int) -> None:
    clock = SetByHand()
    budget, began = RequestBudget(clock), time.monotonic()
    await budget.take(300)
    clock.wall += timedelta(hours=hours)
    await budget.take(0)
    assert 0.3 <= time.monotonic() - began < 30


@pytest.mark.parametrize(("off_s", "left_s"), [(60, 60), (200, 0)])
def test_e7_a_pause_outlives_a_restart_of_the_machine(tmp_path: Path, off_s: float, left_s: float) -> None:
    clock = SetByHand()
    one, other = (RequestBudget(clock, tmp_path / "b") for _ in range(2))
    one.pause(120)
    clock.started_anew(after_s=off_s)
    assert other.quiet_s == left_s
    other.pause(1)
    assert one.quiet_s == max(left_s, 1)


def test_a_machines_uptime_is_one_for_all_its_processes() -> None:
    telling = "from wire.clock import WallClock; print(*WallClock().uptime(), sep='|')"
    before = WallClock().uptime()
    said = subprocess.run(
        [sys.executable, "-c", telling], cwd=ROOT, capture_output=True, text=True, check=True
    )
    boot, seconds = said.stdout.split("|")
    assert boot == str(before.boot) and before.seconds <= float(seconds) <= WallClock().uptime().seconds


def test_what_a_hand_wrote_is_not_waited_for(tmp_path: Path) -> None:
    clock, path = SetByHand(), tmp_path / "b"
    ahead, wall = 1_000 + LONGEST_WAIT_S + 1, clock.wall.timestamp() + LONGEST_WAIT_S + 1
    odd = (float("nan"), float("inf"), float("nan"))
    for boot in (clock.up.boot, b"another start it"):
        for content in (STATE.pack(ahead, ahead, wall, boot), STATE.pack(*odd, boot), b"x", b"", b"y" * 99):
            path.write_bytes(content)
            assert RequestBudget(clock, path).quiet_s == 0
            RequestBudget(clock, path).pause(2)
            assert RequestBudget(clock, path).quiet_s == 2
