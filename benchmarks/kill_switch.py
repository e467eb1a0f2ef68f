"""G7: how late after the kill switch was thrown a venue still took an order, over many trials through each of its five doors.

make kill-switch, or python -m benchmarks.kill_switch [--trials 900] [--process-trials 100] [--sandbox-trials 100]
[--seed 7] [--seconds 300]

Orders go out one after another while the switch is thrown at a random moment, by REST, command line, MCP, file and breaker
in turn: with the execution server in this process, and with a real one, which is killed with SIGKILL and started anew while
halted in every tenth trial; and at the practice exchange, by its own list of what it accepted (benchmarks/live_halts.py, four
doors). Every trial is a line of the kept file: with the same seed and commit the next slice goes on
where the last one stopped, and the figure is of all of them. Exits with 1 above 1 s.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from time import monotonic

import structlog

from benchmarks import live_halts
from benchmarks.machine import ROOT, machine
from benchmarks.naked import silent
from benchmarks.slices import Kept, Row, bound
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from tests.mcp_servers.execution.floor import floor_in_memory, halted
from tests.mcp_servers.execution.killing import DOORS, Trader, five_doors
from tests.mcp_servers.execution.process import floor_of_processes

LIMIT_S = 1.0
RESTARTS_EVERY = 10
KINDS = ("one process", "processes", live_halts.KIND)
Restart = Callable[[], Awaitable[None]]


@asynccontextmanager
async def trading(kind: str, home: Path, url: str) -> AsyncIterator[tuple[Trader, Restart]]:
    """A floor of that kind that takes orders, and what kills its server and starts it again."""
    if kind == KINDS[0]:
        async with floor_in_memory(home, url) as floor:
            yield Trader(floor), _nothing
        return
    async with floor_of_processes(home, url) as (floor, server):
        server.start()
        await server.ready()

        async def restart() -> None:
            server.kill()
            server.start()
            await server.ready()

        yield Trader(floor), restart


async def _nothing() -> None:
    """One process is not restarted."""


async def trials(
    kind: str, home: Path, url: str, seed: int, todo: Iterable[int], until: float
) -> AsyncIterator[Row]:
    """One row for each trial in ``todo``, until the time is over."""
    async with (
        trading(kind, home, url) as (trader, restart),
        five_doors(trader.floor, url, typed=kind != KINDS[0]) as doors,
    ):
        for number in todo:
            if monotonic() >= until:
                return
            door = DOORS[number % len(DOORS)]
            late = await trader.trial(Random(f"{seed}/{kind}/{number}"), doors[door])
            stays = kind != KINDS[0] and number % RESTARTS_EVERY == 0
            if stays:
                await _stays_halted(trader, restart)
            yield {
                "kind": kind,
                "trial": number,
                "seed": seed,
                "door": door,
                "late_s": late,
                "restarted": stays,
            }


async def _stays_halted(trader: Trader, restart: Restart) -> None:
    await halted(trader.floor.pool, "it stays so")
    await restart()
    assert await trader.order() == "HALTED: it stays so"
    await trader.released()


def figure(rows: list[Row], wanted: dict[str, int]) -> Row:
    """What the trials add up to. Zero late in N only says p < 3/N at 95 %."""
    late = sorted(float(row["late_s"]) for row in rows)
    over = sum(one > LIMIT_S for one in late)
    return {
        "figure": "G7", "trials": len(late), "wanted": sum(wanted.values()), "limit_s": LIMIT_S, "later_than_limit": over,
        "bound_95": bound(len(late)) if not over else "none: some were late",
        "worst_s": round(late[-1], 3), "p99_s": round(late[max(0, -(-len(late) * 99 // 100) - 1)], 3),
        "restarts": sum(bool(row["restarted"]) for row in rows),
        **{kind: sum(row["kind"] == kind for row in rows) for kind in KINDS},
        "worst_s_by_door": {
            door: round(max((float(r["late_s"]) for r in rows if r["door"] == door), default=0.0), 3) for door in DOORS
        },
    }  # fmt: skip


def measure(kind: str, many: int, kept: Kept, until: float) -> None:
    """Do what is left of ``many`` trials of a kind, each a line of ``kept``, on a database of their own."""
    done = {row["trial"] for row in kept.rows() if row["kind"] == kind}
    todo = [number for number in range(many) if number not in done]
    if not todo or monotonic() >= until:
        return
    seed = int(kept.told["seed"])

    async def keep(rows: AsyncIterator[Row]) -> None:
        async for row in rows:
            kept.add(row)

    with tempfile.TemporaryDirectory() as folder:
        if kind == live_halts.KIND:
            asyncio.run(keep(live_halts.trials(Path(folder), seed, todo, until)))
            return
        server, home = EmbeddedPostgres(Path(folder) / "postgres"), Path(folder) / "home"
        home.mkdir()
        try:
            url = os.environ["OUTCRY_DATABASE_URL"] = server.start()  # where `outcry halt` looks, too

            async def work() -> None:
                await upgrade(url)
                await keep(trials(kind, home, url, seed, todo, until))

            asyncio.run(work())
        finally:
            os.environ.pop("OUTCRY_DATABASE_URL", None)  # a floor of its own, tried next, has another
            server.stop()


def main() -> None:
    """Print the figure with N, seed, machine and commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=900)
    parser.add_argument("--process-trials", type=int, default=100)
    parser.add_argument("--sandbox-trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--kept", type=Path, default=ROOT / ".cache" / "kill-switch.jsonl")
    asked = parser.parse_args()
    structlog.configure(processors=[silent])
    wanted = dict(zip(KINDS, (asked.trials, asked.process_trials, asked.sandbox_trials), strict=True))
    kept = Kept(asked.kept, {"seed": asked.seed, "commit": machine()["commit"]})
    until = monotonic() + asked.seconds
    for kind, many in wanted.items():
        measure(kind, many, kept, until)
    found = figure(kept.rows(), wanted)
    print(json.dumps({**found, "seed": asked.seed, **machine()}))
    sys.exit(1 if found["later_than_limit"] else 0)


if __name__ == "__main__":
    main()
