"""What a read costs in CPU, whoever else uses the machine: ``python -m benchmarks.api.cost``.

A floor trades some rounds and ends; its database and one API process are opened again, and asked for the mixed reads of
``benchmarks.api.reads``, in short turns: all of them, also while somebody commits, twenty times a second as a floor does that
closes a bar in each, or as often as reads come; and each by itself. Figures are microseconds of a processor per
answer, of the API's process and of all of Postgres: of the cheapest turn, in which others disturbed least, and of the median.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, suppress
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import psutil

from benchmarks.api.commits import committing
from benchmarks.api.database import KEY
from benchmarks.api.load import Tally, ask_all, connected, request
from benchmarks.api.reads import PATHS
from benchmarks.api.serving import free_port, ours, process
from benchmarks.machine import ROOT, machine
from db.embedded import EmbeddedPostgres

CONNECTIONS = 8
COMMITS_A_SECOND = (20, 1000)
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


def measured(
    url: str, address: str, api: int, postmaster: int, turns: int, count: int
) -> dict[str, dict[str, int]]:
    """By what is asked for: microseconds and bytes."""
    tally, lines = Tally(), connected(address, CONNECTIONS)
    mixed = [request(address, path, KEY) for path in PATHS]
    ask_all(lines, islice(cycle(mixed), 4 * count), tally)

    def told(contents: list[bytes]) -> dict[str, int]:
        spent: list[tuple[float, float]] = []
        for _ in range(turns):
            before = cpu_s(api), family_cpu_s(postmaster)
            ask_all(lines, islice(cycle(contents), count), tally)
            after = cpu_s(api), family_cpu_s(postmaster)
            spent.append((after[0] - before[0], after[1] - before[1]))
        found = {
            f"{kind} us, {which}": round(1e6 * how(one[n] for one in spent) / count)
            for n, kind in enumerate(("api", "postgres"))
            for which, how in (("least", min), ("median", median))
        }
        if tally.refused:
            raise RuntimeError(repr(tally.refused[0]))
        return {**found, "bytes": tally.bytes_each}

    found = {"mixed": told(mixed)}
    for per_s in COMMITS_A_SECOND:
        with committing(url, per_s):
            found[f"mixed, {per_s} commits a second"] = told(mixed)
    return found | {path: told([request(address, path, KEY)]) for path in PATHS}


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
        url = server.start()
        command, env = ours(url, home)
        address, api = stack.enter_context(process(command, env, "/health", Path(name) / "log"))
        postmaster = server.pid
        assert postmaster is not None
        told = measured(url, address, api, postmaster, args.turns, args.count)
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**machine(), "load average": load, **told}, indent=1))


if __name__ == "__main__":
    main()
