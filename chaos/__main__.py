"""``python -m chaos``: one slice of kills; the results file says what all slices so far add up to."""

import argparse
import asyncio
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from chaos.kills import Slice
from chaos.reaper import PAUSED, Reaper
from chaos.results import append, met, read, summary


async def _run(reaper: Reaper, seconds: float) -> Slice:
    """A slice. Who is told to end closes its floor first, and says what it was doing."""
    running = asyncio.ensure_future(reaper.run(seconds))
    for told in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(told, running.cancel)
    return await running


def main() -> int:
    asked = argparse.ArgumentParser(prog="chaos", description=__doc__)
    asked.add_argument(
        "--seconds",
        type=float,
        default=600.0,
        help="how long to kill, after the floor has opened (at least 3 times)",
    )
    asked.add_argument("--seed", type=int, default=None, help="default: one more than the last slice's")
    asked.add_argument(
        "--pauses",
        type=float,
        default=PAUSED,
        help="the share of orders that are answered with a 429 that asks for a pause (G8)",
    )
    asked.add_argument("--results", type=Path, default=Path(".cache/chaos.jsonl"), help="appended to")
    given = asked.parse_args()
    before = read(given.results)
    seed = given.seed if given.seed is not None else max((one["seed"] for one in before), default=0) + 1
    commit = subprocess.run(
        ("git", "rev-parse", "--short", "HEAD"), capture_output=True, text=True, check=False
    )
    folder = Path(tempfile.mkdtemp(prefix="outcry-chaos-"))
    done = asyncio.run(_run(Reaper(folder, seed, met(before), given.pauses), given.seconds))
    good = done.findings.clean and not done.gave_up and not done.during_pauses
    if good:
        shutil.rmtree(folder)
    else:
        print(f"the floor's home is kept: {folder}")
    given.results.parent.mkdir(parents=True, exist_ok=True)
    append(given.results, {**done.told(), "commit": commit.stdout.strip()})
    print(f"slice of seed {seed}: {len(done.kills)} kills, {done.orders} orders")
    for one in (*done.findings.doubled, *done.findings.lost, *done.findings.ledger, done.gave_up):
        if one:
            print(f"  {one}")
    print(summary(read(given.results)))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
