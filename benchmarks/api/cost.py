"""What a read costs in CPU, whoever else uses the machine: ``python -m benchmarks.api.cost``.

A floor trades some rounds and ends; its database is opened again with two API processes, the product's and one that remembers
no list, and both are asked for the mixed reads of ``benchmarks.api.reads`` in short turns: all of them, also while somebody
commits twenty times a second, and each by itself. Figures are microseconds of a processor per answer, of the API's process
and of all of Postgres: of the cheapest turn, in which others disturbed least, and of the median.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import psutil

from benchmarks.api.commits import committing
from benchmarks.api.database import KEY
from benchmarks.api.load import Tally, ask_all, connected, request
from benchmarks.api.reads import PATHS
from benchmarks.api.serving import forgetful, free_port, ours, process
from benchmarks.machine import ROOT, machine
from db.embedded import EmbeddedPostgres

CONNECTIONS = 8
COMMITS_A_SECOND = 20
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


@dataclass
class Asked:
    """An API process that is asked in turns, and the database behind it."""

    address: str
    pid: int
    postmaster: int
    turns: int
    count: int

    def __post_init__(self) -> None:
        self._lines = connected(self.address, CONNECTIONS)
        self._ask(PATHS, 4 * self.count)

    def cost(self, paths: Sequence[str]) -> dict[str, int]:
        """Of these in turn: microseconds. Raises RuntimeError for an answer that is none."""
        spent: list[tuple[float, float]] = []
        for _ in range(self.turns):
            before = cpu_s(self.pid), family_cpu_s(self.postmaster)
            self._ask(paths, self.count)
            after = cpu_s(self.pid), family_cpu_s(self.postmaster)
            spent.append((after[0] - before[0], after[1] - before[1]))
        return {
            f"{kind} us, {which}": round(1e6 * how(one[n] for one in spent) / self.count)
            for n, kind in enumerate(("api", "postgres"))
            for which, how in (("least", min), ("median", median))
        }

    def _ask(self, paths: Sequence[str], count: int) -> None:
        contents = cycle([request(self.address, path, KEY) for path in paths])
        tally = Tally()
        ask_all(self._lines, islice(contents, count), tally)
        if tally.refused:
            raise RuntimeError(repr(tally.refused[0]))


def costs(url: str, product: Asked, anew: Asked) -> dict[str, dict[str, int]]:
    """By what is asked for, and of whom."""
    found = {"mixed": product.cost(PATHS)}
    with committing(url, COMMITS_A_SECOND):
        found[f"mixed, {COMMITS_A_SECOND} commits a second"] = product.cost(PATHS)
    found["mixed, anew"] = anew.cost(PATHS)
    for path in PATHS:
        found[path] = product.cost([path])
        found[f"{path}, anew"] = anew.cost([path])
    return found


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
        postmaster = server.pid
        assert postmaster is not None
        product, anew = (
            Asked(
                *stack.enter_context(process(each, env, "/health", Path(name) / "log")),
                postmaster,
                args.turns,
                args.count,
            )
            for each in (command, forgetful(command))
        )
        told = costs(url, product, anew)
    load = round(os.getloadavg()[0], 1)
    print(json.dumps({**machine(), "load average": load, **told}, indent=1))


if __name__ == "__main__":
    main()
