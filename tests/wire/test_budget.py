"""One budget of requests for all processes of a home, and one pause."""

import asyncio
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.mcp_servers.market.binance_double import ManualClock
from wire.budget import LONGEST_WAIT_S, STATE, RequestBudget
from wire.clock import WallClock

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


def test_a_pause_is_seen_by_everyone_and_ends(tmp_path: Path) -> None:
    clock = ManualClock(datetime(2024, 1, 1, tzinfo=UTC))
    one, other = (RequestBudget(clock, tmp_path / "b") for _ in range(2))
    assert other.quiet_s == 0
    one.pause(7)
    one.pause(3)
    assert other.quiet_s == 7
    clock.at += timedelta(seconds=8)
    assert other.quiet_s == 0


def test_what_a_wrong_clock_or_hand_wrote_is_not_waited_for(tmp_path: Path) -> None:
    clock, path = ManualClock(datetime(2024, 1, 1, tzinfo=UTC)), tmp_path / "b"
    ahead = clock.at.timestamp() + LONGEST_WAIT_S + 1
    for content in (STATE.pack(ahead, ahead), STATE.pack(float("nan"), float("inf")), b"x", b""):
        path.write_bytes(content)
        assert RequestBudget(clock, path).quiet_s == 0
