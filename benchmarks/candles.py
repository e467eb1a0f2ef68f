"""A million one-minute bars out of the store: time and memory, beside plain pyarrow on the same files.

    python -m benchmarks.candles [--bars 1000000] [--rounds 5]

Every reading runs in a process of its own and is checked, bit for bit, against what was written before it is timed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.machine import machine
from db.candles import CandleReader, CandleStore, Series
from openoutcry.market.candles import Candles

SERIES = Series("binance", "BTC/USDT", "1m")
START = datetime(2023, 1, 1, tzinfo=UTC)


def bars(count: int) -> Candles:
    """A walk in ticks of a cent, as exchanges have it."""
    rng = np.random.default_rng(3)
    close = (40_000 * np.exp(np.cumsum(rng.normal(0, 0.0005, count)))).round(2)
    opened = np.concatenate([[40_000.0], close[:-1]])
    high = (np.maximum(opened, close) * 1.0003).round(2)
    low = (np.minimum(opened, close) * 0.9997).round(2)
    stamps = int(START.timestamp() * 1000) + 60_000 * np.arange(count, dtype=np.int64)
    return Candles.of(stamps, opened, high, low, close, rng.uniform(0, 9, count).round(5))


def plain(home: Path, count: int) -> Candles:
    """pyarrow alone: every file read by one thread, columns joined."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((home / SERIES.folder).glob("[0-9]*.parquet"))
    table = pa.concat_tables([pq.ParquetFile(file).read(use_threads=False) for file in files])
    return Candles.of(*[np.from_dlpack(column.combine_chunks()) for column in table.columns])


READINGS: dict[str, Callable[[Path, int], Candles]] = {
    "plain": plain,
    "store": lambda home, count: CandleStore(home).read(SERIES),
    "reader": lambda home, count: CandleReader(home).window(SERIES, START + timedelta(minutes=count), count),
}


def status_kb(name: str) -> int:
    """A figure of this process's memory, as Linux tells it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{name}:"))


def measured(name: str, home: Path, count: int, rounds: int) -> dict[str, Any]:
    """Best wall and CPU time of a reading, and the memory it takes beyond the interpreter with its imports."""
    read = READINGS[name]
    CandleStore(home).read(
        SERIES, START, START + timedelta(days=1)
    )  # loads pyarrow, which is not what is measured
    Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    before = status_kb("VmRSS")
    first = read(home, count)
    peak = status_kb("VmHWM") - before
    assert first.same_as(bars(count)), f"{name} read something else"
    times = []
    for _ in range(rounds):
        wall, cpu = perf_counter(), process_time()
        read(home, count)
        times.append((perf_counter() - wall, process_time() - cpu))
    return {
        "seconds": round(min(wall for wall, _ in times), 3),
        "cpu_seconds": round(min(cpu for _, cpu in times), 3),
        "peak_mb": round(peak / 1024, 1),
    }


def main() -> None:
    """Write, read back each way, print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--bars", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--reading", choices=READINGS, help=argparse.SUPPRESS)
    parser.add_argument("--home", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.reading:
        print(json.dumps(measured(args.reading, args.home, args.bars, args.rounds)))
        return
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        given, began = bars(args.bars), perf_counter()
        CandleStore(Path(folder)).merge(SERIES, given)
        written = perf_counter() - began
        size = sum(file.stat().st_size for file in Path(folder).rglob("*.parquet"))
        figures = {}
        for name in READINGS:
            words = [
                "--reading",
                name,
                "--home",
                folder,
                "--bars",
                str(args.bars),
                "--rounds",
                str(args.rounds),
            ]
            command = [sys.executable, "-m", "benchmarks.candles", *words]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures[name] = json.loads(done.stdout)
    base = figures["plain"]["cpu_seconds"]
    print(
        json.dumps(
            {
                **machine(),
                "bars": args.bars,
                "arrays_mb": round(48 * args.bars / 2**20, 1),
                "write_seconds": round(written, 2),
                "files_mb": round(size / 2**20, 1),
                **figures,
                "store_cpu_over_plain": round(figures["store"]["cpu_seconds"] / base, 2),
                "reader_cpu_over_plain": round(figures["reader"]["cpu_seconds"] / base, 2),
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
