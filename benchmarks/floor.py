"""The floor with real processes: rounds per second, round times, start-up, memory.

    python -m benchmarks.floor [--rounds 500] [--data ../shared/data]

Without the recorded candles it runs the synthetic market.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from time import perf_counter, sleep

import psutil

from benchmarks.machine import ROOT, machine

CANDLES = {"BTC/USDT": "spot/BTCUSDT_1h.parquet", "BTC/USDT:USDT": "perp/BTCUSDT_1h.parquet"}


def outcry(*words: str) -> list[str]:
    """The command line, in this interpreter."""
    return [sys.executable, "-m", "outcry", *words]


def market(home: Path, data: Path) -> list[str]:
    """Options of the market, recorded where the candles are there."""
    if not data.exists():
        return ["--market", "synthetic", "--timeframe", "1h", "--speed", "max"]
    for symbol, file in CANDLES.items():
        words = [
            "data",
            "import",
            str(data / file),
            "--symbol",
            symbol,
            "--exchange",
            "binance",
            "--timeframe",
            "1h",
        ]
        subprocess.run(outcry(*words, "--home", str(home)), check=True, stdout=subprocess.DEVNULL)
    return ["--market", "recorded", "--timeframe", "1h", "--from", "2023-01-01", "--speed", "max"]


def memory(supervisor: int, peak: list[float], stop: threading.Event) -> None:
    """Keep the peak proportional set size of the floor's processes, in MB."""
    while not stop.is_set():
        total = 0
        try:
            family = [psutil.Process(supervisor), *psutil.Process(supervisor).children(recursive=True)]
            total = sum(process.memory_full_info().pss for process in family)
        except psutil.Error:
            pass
        peak[0] = max(peak[0], total / 1e6)
        stop.wait(1.0)


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data")
    parser.add_argument("--port", type=int, default=18080)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as folder:
        home = Path(folder)
        options = [*market(home, args.data), "--home", folder, "--port", str(args.port), "--json"]
        subprocess.run(
            outcry("up", *options, "--rounds", "1"),
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        (home / "run" / "progress.json").unlink()
        began = perf_counter()
        run = subprocess.Popen(
            outcry("up", *options, "--rounds", str(args.rounds)),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        peak, stop = [0.0], threading.Event()
        watcher = threading.Thread(target=memory, args=(run.pid, peak, stop))
        watcher.start()
        while not (home / "run" / "progress.json").exists() and run.poll() is None:
            sleep(0.02)
        first_round = perf_counter() - began
        output = run.communicate()[0]
        stop.set()
        watcher.join()
    session = json.loads(output)["sessions"][0]
    names = (
        "rounds",
        "rounds_per_s",
        "round_ms_p50",
        "round_ms_p95",
        "order_ms_p50",
        "order_ms_p95",
        "head_hash",
    )
    figures = {name: session.get(name) for name in names}
    print(
        json.dumps(
            {
                **machine(),
                "warm_start_to_first_round_s": round(first_round, 2),
                "peak_memory_pss_mb": round(peak[0], 1),
                **figures,
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
