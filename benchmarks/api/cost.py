"""What a read costs in CPU, whoever else uses the machine: ``python -m benchmarks.api.cost``.

A floor trades some rounds and ends; its database and one API process are opened again, and each path of the mixed reads is asked
for in turn. Figures are microseconds of a processor per answer, of the API's process and of all of Postgres.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import psutil
import uvloop

from benchmarks.api.database import KEY
from benchmarks.api.load import Tally, open_loop, request
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
    return cpu_s(pid) + sum(cpu_s(child.pid) for child in psutil.Process(pid).children())


def yardstick_us() -> float:
    """Processor time of a fixed piece of Python: what a microsecond is worth while others use the machine."""
    began = time.process_time()
    for _ in range(20):
        json.loads(json.dumps({str(n): [n, n / 3, str(n)] for n in range(100)}))
    return 1e6 * (time.process_time() - began) / 20


def traded(home: Path, rounds: int) -> None:
    """A floor's past, and the benchmark's key."""
    subprocess.run(
        [sys.executable, "-m", "outcry", "up", "--home", str(home), "--port", str(free_port()), "--market", "synthetic",
         "--timeframe", "1h", "--speed", "max", "--rounds", str(rounds), "--workers", "0"],
        env={**os.environ, "OUTCRY_ADMIN_KEY": KEY, "PYTHONPATH": str(ROOT)},
        cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip


async def asked(address: str, contents: list[bytes], count: int) -> Tally:
    """So many answers, as fast as they come."""
    tally = await open_loop(address, contents, CONNECTIONS, 1e6, count / 1e6)
    if tally.refused:
        raise RuntimeError(repr(tally.refused[0]))
    return tally


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=150, help="that the floor trades before")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--count", type=int, default=200, help="answers of each path in a turn")
    parser.add_argument("--home", type=Path, help="a floor that traded before, or is to; it is kept")
    parser.add_argument("--paths", nargs="+", default=PATHS)
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
        runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        spent: dict[str, list[tuple[float, float]]] = {path: [] for path in args.paths}
        sizes: dict[str, int] = {}
        yards: list[float] = []
        for turn in range(args.turns + 1):
            for path in args.paths:
                before = cpu_s(api), family_cpu_s(postmaster)
                tally = runner.run(asked(address, [request(address, path, KEY)], args.count))
                after = cpu_s(api), family_cpu_s(postmaster)
                yards.append(yardstick_us())
                sizes[path] = tally.bytes_each
                if turn:  # the first is to warm up
                    spent[path].append(
                        (1e6 * (after[0] - before[0]) / args.count, 1e6 * (after[1] - before[1]) / args.count)
                    )
        runner.close()
    told = {
        path: {
            "api us": round(median(one for one, _ in each)),
            "postgres us": round(median(other for _, other in each)),
            "bytes": sizes[path],
        }
        for path, each in spent.items()
    }
    mean = {
        kind: round(sum(one[kind] for one in told.values()) / len(told)) for kind in ("api us", "postgres us")
    }
    print(json.dumps({**machine(), "yardstick us": round(median(yards)), **told, "mean": mean}, indent=1))


if __name__ == "__main__":
    main()
