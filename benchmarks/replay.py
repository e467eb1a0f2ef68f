"""The whole committee in one process over in-memory MCP, on a real database: rounds per second.

python -m benchmarks.replay [--rounds 500] [--data ../shared/data] [--profile FILE]
"""

import argparse
import asyncio
import cProfile
import json
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from agents.registry import discover
from benchmarks.floor import market
from benchmarks.machine import ROOT, machine
from db.embedded import EmbeddedPostgres
from db.migrate import upgrade
from openoutcry.types.timeframes import bar_length
from orchestrator.bootstrap import LiveFloor, in_memory, seats
from orchestrator.cycle import run_cycle
from orchestrator.sessions import open_session
from orchestrator.store import Store
from orchestrator.ticks import first_tick
from wire.config import DEFAULT_ORG, ProcessConfig, RunSpec, floor_key, load_settings, parse_when
from wire.tokens import SERVERS, derive_key


def configs(home: Path, spec: RunSpec, url: str) -> dict[str, ProcessConfig]:
    """What each server and agent is told, as on a floor of processes."""
    root, settings = floor_key(home), load_settings(home)
    names = [*SERVERS, *(f"agent-{name}" for name in discover().agents)]
    return {
        name: ProcessConfig(
            name=name,
            home=home,
            database_url=url,
            run=spec,
            settings=settings,
            endpoints={},
            key=derive_key(root, name),
        )
        for name in names
    }


async def measure(
    home: Path, spec: RunSpec, url: str, rounds: int, profile: Path | None
) -> dict[str, object]:
    """Run the rounds and return the figures."""
    await upgrade(url)
    settings = load_settings(home)
    async with (
        in_memory(configs(home, spec, url)) as (servers, agents),
        Store.opened(url, home, DEFAULT_ORG) as store,
    ):
        floor = LiveFloor(
            home=home,
            store=store,
            servers=servers,
            agents=agents,
            voices=seats(settings, agents),
            root=floor_key(home),
            settings=settings,
        )
        start = spec.start
        assert start is not None
        await store.set_clock(start, spec.market)
        desk = await open_session(floor, spec, spec.symbols[0])
        tick, took = first_tick(start, spec.timeframe), []
        profiler = cProfile.Profile(process_time) if profile else None
        if profiler:
            profiler.enable()
        began, used = perf_counter(), process_time()
        for _ in range(rounds):
            at = perf_counter()
            await run_cycle(floor, floor.turn(desk, tick))
            took.append((perf_counter() - at) * 1000)
            tick += bar_length(spec.timeframe)
        wall = perf_counter() - began
        if profiler and profile:
            profiler.disable()
            profiler.dump_stats(profile)
        took.sort()
        return {
            "rounds": rounds,
            "rounds_per_s": round(rounds / wall, 1),
            "cpu_ms_per_round": round((process_time() - used) / rounds * 1000, 2),
            "round_ms_p50": round(took[len(took) // 2], 2),
            "round_ms_p95": round(took[int(len(took) * 0.95)], 2),
            "head_hash": desk.head,
        }


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--profile", type=Path, help="write a cProfile dump here")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        home = Path(folder)
        recorded = "recorded" in market(home, args.data)
        spec = RunSpec(
            market="recorded" if recorded else "synthetic",
            exchange="binance" if recorded else "synthetic-7",
            symbols=("BTC/USDT",),
            timeframe="1h",
            start=parse_when("2023-01-01" if recorded else "2024-01-01", field="start"),
            speed=0.0,
        )
        server = EmbeddedPostgres(home)
        try:
            figures = asyncio.run(measure(home, spec, server.start(), args.rounds, args.profile))
        finally:
            server.stop()
    print(json.dumps({**machine(), **figures}, indent=1))


if __name__ == "__main__":
    main()
