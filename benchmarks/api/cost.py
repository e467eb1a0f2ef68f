"""What a read costs in CPU, whoever else uses the machine: ``python -m benchmarks.api.cost``.

A floor trades some rounds and ends; its database and one API process are opened again, and asked for the mixed reads of
``benchmarks.api.reads``, all of them in turn and each by itself, in short turns. Figures are microseconds of a processor per
answer, of the API's process and of all of Postgres: of the cheapest turn, in which others disturbed least, and of the median.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import deque
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import median

import psutil
import uvloop

from benchmarks.api.database import KEY
from benchmarks.api.load import Connection, Tally, connected, request
from benchmarks.api.reads import PATHS
from benchmarks.api.serving import free_port, ours, process
from benchmarks.machine import ROOT, machine
from db.embedded import EmbeddedPostgres

CONNECTIONS = 8
CPU_CLOCK = 2
"""Of a whole process, to the nanosecond; ``(~pid << 3)`` names whose (clock_getcpuclockid(3))."""


def cpu_s(pid: int) -> float:
    """Seconds of processor time a process has used."""
    return time.clock_gettime((~pid << 3) | CPU_CLOCK)


def family_cpu_s(pid: int) -> float:
    """Those of a process and its children that still run."""
    total = cpu_s(pid)
    for child in psutil.Process(pid).children():
        with suppress(OSError):  # it has just ended
            total += cpu_s(child.pid)
    return total


def traded(home: Path, rounds: int) -> None:
    """A floor's past, and the benchmark's key."""
    subprocess.run(
        [sys.executable, "-m", "outcry", "up", "--home", str(home), "--port", str(free_port()), "--market", "synthetic",
         "--timeframe", "1h", "--speed", "max", "--rounds", str(rounds), "--workers", "0"],
        env={**os.environ, "OUTCRY_ADMIN_KEY": KEY, "PYTHONPATH": str(ROOT)},
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip


async def turn(connections: list[Connection], contents: list[bytes], count: int, tally: Tally) -> None:
    """So many answers, as fast as they come."""
    goal, sent = len(tally.took) + count, 0
    idle = deque(connections)
    for one in connections:
        one.idle = idle
    while len(tally.took) < goal:
        while idle and sent < count:
            idle.popleft().send(contents[sent % len(contents)])
            sent += 1
        await asyncio.sleep(0.0003)
    if tally.refused:
        raise RuntimeError(repr(tally.refused[0]))


async def measured(
    address: str, api: int, postmaster: int, turns: int, count: int
) -> dict[str, dict[str, int]]:
    """By what is asked for: microseconds and bytes."""
    tally = Tally()
    connections = await connected(address, tally, CONNECTIONS)
    mixed = [request(address, path, KEY) for path in PATHS]
    await turn(connections, mixed, 4 * count, tally)
    told: dict[str, dict[str, int]] = {}
    for name, contents in {"mixed": mixed, **{path: [request(address, path, KEY)] for path in PATHS}}.items():
        spent: list[tuple[float, float]] = []
        for _ in range(turns):
            before = cpu_s(api), family_cpu_s(postmaster)
            await turn(connections, contents, count, tally)
            after = cpu_s(api), family_cpu_s(postmaster)
            spent.append((after[0] - before[0], after[1] - before[1]))
        told[name] = {
            f"{kind} us, {which}": round(1e6 * how(one[n] for one in spent) / count)
            for n, kind in enumerate(("api", "postgres"))
            for which, how in (("least", min), ("median", median))
        }
        told[name]["bytes"] = tally.bytes_each
    return told


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150, help="that the floor trades before")
    parser.add_argument("--turns", type=int, default=20)
    parser.add_argument("--count", type=int, default=200, help="answers in a turn")
    parser.add_argument("--home", type=Path, help="a floor that traded before, or is to; it is kept")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name, ExitStack() as stack:
        home: Path = args.home or Path(name)
        if not (home / "run").exists():
            traded(home, args.rounds)
        server = EmbeddedPostgres(home)
        stack.callback(server.stop)
        command, env = ours(server.start(), home)
        address, api = stack.enter_context(process(command, env, "/health", Path(name) / "log"))
        postmaster = server.pid
        assert postmaster is not None
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            told = runner.run(measured(address, api, postmaster, args.turns, args.count))
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**machine(), "load average": load, **told}, indent=1))


if __name__ == "__main__":
    main()
