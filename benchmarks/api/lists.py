"""A list of 50 rows from Postgres, and an empty answer, beside FastAPI and raw ASGI: ``python -m benchmarks.api.lists``.

One process each, on uvicorn, 32 connections from one client; ours with its key, its rate limits and its tenancy in the path, the
others with nothing. Rounds take turns, so that the machine's moods strike all alike; a ratio is the median of the rounds'.
Ours reads each list anew, in a process that remembers none; "list again" is the product as it is, while nothing is committed.
"""

import argparse
import json
import tempfile
import urllib.request
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import psutil
import uvloop

from benchmarks.api.database import KEY, environment, filled
from benchmarks.api.load import closed_loop, request
from benchmarks.api.serving import forgetful, install, ours, peer, process
from benchmarks.machine import machine
from db.embedded import EmbeddedPostgres

CONNECTIONS = 32


@dataclass
class Subject:
    """A server and one address of it, with its rounds: answers a second, and its process's CPU per answer."""

    name: str
    address: str
    pid: int
    path: str
    key: str | None = None
    per_s: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)
    size: int = 0

    def round(self, seconds: float) -> None:
        """One of its turns."""
        before = psutil.Process(self.pid).cpu_times()
        tally, per_s = closed_loop(
            self.address, request(self.address, self.path, self.key), CONNECTIONS, seconds
        )
        after = psutil.Process(self.pid).cpu_times()
        if tally.refused:
            raise RuntimeError(f"{self.name}: {tally.refused[0]!r}")
        spent = after.user + after.system - before.user - before.system
        self.per_s.append(per_s)
        self.cpu_us.append(1e6 * spent / len(tally.took))
        self.size = tally.bytes_each

    def told(self) -> dict[str, int]:
        """Its medians."""
        return {"per s": round(median(self.per_s)), "cpu us": round(median(self.cpu_us)), "bytes": self.size}


def ratio(one: Subject, other: Subject) -> float:
    """How many times as fast."""
    return round(median(a / b for a, b in zip(one.per_s, other.per_s, strict=True)), 2)


def cheaper(one: Subject, other: Subject) -> float:
    """How many times as much CPU the other's process takes for an answer."""
    return round(median(b / a for a, b in zip(one.cpu_us, other.cpu_us, strict=True)), 2)


def same(one: Subject, other: Subject) -> None:
    """The same rows in both answers, money compared as numbers."""
    found = []
    for each in (one, other):
        asked = urllib.request.Request(
            f"http://{each.address}{each.path}", headers={"X-API-Key": each.key or ""}
        )
        with urllib.request.urlopen(asked, timeout=10) as answer:
            found.append(
                [{**row, "timestamp": row["timestamp"].replace("+00:00", "Z")} for row in json.load(answer)]
            )
    assert len(found[0]) == 50 and found[0] == found[1], f"{one.name} and {other.name} answer differently"


def measure(
    lists: list[Subject], again: Subject, empties: list[Subject], rounds: int, seconds: float
) -> dict[str, object]:
    """Take turns."""
    for subject in (*lists, again, *empties):
        subject.round(seconds)
        subject.per_s.clear(), subject.cpu_us.clear()
    for number in range(rounds):
        for group in ((*lists, again), empties):
            for subject in group if number % 2 else reversed(group):
                subject.round(seconds)
    mine, fastapi, raw = lists
    health, fastapi_empty, raw_empty = empties
    return {
        "rounds": rounds, "seconds each": seconds,
        **{each.name: each.told() for each in (*lists, again, *empties)},
        "list CPU, FastAPI / ours": cheaper(mine, fastapi),
        "list CPU, raw ASGI / ours": cheaper(mine, raw),
        "list / FastAPI": ratio(mine, fastapi), "list / raw ASGI": ratio(mine, raw),
        "list again / FastAPI": ratio(again, fastapi), "list again / raw ASGI": ratio(again, raw),
        "health / FastAPI empty": ratio(health, fastapi_empty), "health / raw empty": ratio(health, raw_empty),
    }  # fmt: skip


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1.5)
    parser.add_argument("--python", type=Path, help="an environment that has the peers already")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        python = args.python or install(folder)
        server = EmbeddedPostgres(folder / "home")
        stack.callback(server.stop)
        url = server.start()
        path, arguments = uvloop.run(filled(url))
        told, log = environment(url, arguments), folder / "log"
        command, env = ours(url, folder / "home")
        mine, mine_pid = stack.enter_context(process(command, env, "/health", log))
        anew, anew_pid = stack.enter_context(process(forgetful(command), env, "/health", log))
        fast, fast_pid = stack.enter_context(process(peer(python, "peer_fastapi"), told, "/empty", log))
        raw, raw_pid = stack.enter_context(process(peer(python, "peer_asgi"), told, "/empty", log))
        lists = [
            Subject("list", anew, anew_pid, path, KEY), Subject("list, FastAPI", fast, fast_pid, "/list"),
            Subject("list, raw ASGI", raw, raw_pid, "/list"),
        ]  # fmt: skip
        again = Subject("list again", mine, mine_pid, path, KEY)
        empties = [
            Subject("health", mine, mine_pid, "/health"), Subject("empty, FastAPI", fast, fast_pid, "/empty"),
            Subject("empty, raw ASGI", raw, raw_pid, "/empty"),
        ]  # fmt: skip
        same(lists[0], lists[1])
        same(lists[0], lists[2])
        print(
            json.dumps(
                {
                    **machine(),
                    **measure(lists, again, empties, args.rounds, args.seconds),
                },
                indent=1,
            )
        )


if __name__ == "__main__":
    main()
