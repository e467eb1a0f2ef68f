"""1,000 authenticated mixed reads a second while the floor trades: ``python -m benchmarks.api.reads``.

The load is open: a request is due at its time whatever the server does, and its latency counts from then.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from time import monotonic, process_time, sleep

from benchmarks.api.database import KEY
from benchmarks.api.load import request
from benchmarks.api.serving import UNHURRIED, free_port
from benchmarks.api.steady import steady
from benchmarks.machine import ROOT, machine

PATHS = (
    "/api/v1/sessions", "/api/v1/positions", "/api/v1/orders?limit=20", "/api/v1/trades?limit=50", "/api/v1/decisions?limit=10",
    "/api/v1/agents", "/api/v1/config", "/api/v1/trades?limit=20",
)  # fmt: skip
CONNECTIONS = 64
BARS_A_SECOND = 3600.0


def rounds(home: Path) -> int:
    """Rounds that are done."""
    try:
        return int(json.loads((home / "run" / "progress.json").read_text())["rounds"])
    except FileNotFoundError:
        return 0


def wait_for(home: Path, goal: int, process: "subprocess.Popen[bytes]") -> None:
    """Until so many rounds are done."""
    deadline = monotonic() + 120
    while rounds(home) < goal:
        if process.poll() is not None or monotonic() > deadline:
            raise RuntimeError(f"the floor did not do {goal} rounds: {(home / 'out').read_text()[-2000:]}")
        sleep(0.1)


def main() -> None:
    """Run and print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-s", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=20)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="outcry-bench-") as name:
        home, port = Path(name), free_port()
        options = [
            "--home",
            name,
            "--port",
            str(port),
            "--market",
            "synthetic",
            "--timeframe",
            "1h",
            "--speed",
            str(BARS_A_SECOND),
        ]
        with (home / "out").open("wb") as out:
            floor = subprocess.Popen(
                [sys.executable, "-m", "outcry", "up", *options],
                env={**os.environ, **UNHURRIED, "OUTCRY_ADMIN_KEY": KEY, "PYTHONPATH": str(ROOT)},
                cwd=ROOT, stdout=out, stderr=out, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        try:
            wait_for(home, 10, floor)
            address = f"127.0.0.1:{port}"
            for path in PATHS:
                urllib.request.urlopen(
                    urllib.request.Request(f"http://{address}{path}", headers={"X-API-Key": KEY}), timeout=10
                )
            contents = [request(address, path, KEY) for path in PATHS]
            steady(address, contents, CONNECTIONS, args.per_s / 4, 3)
            before, own = rounds(home), process_time()
            began = monotonic()
            tally = steady(address, contents, CONNECTIONS, args.per_s, args.seconds)
            spent, done, own = monotonic() - began, rounds(home) - before, process_time() - own
        finally:
            floor.send_signal(signal.SIGINT)
            floor.wait(30)
    print(json.dumps({
        **machine(), "load average": round(os.getloadavg()[0], 1), "asked per s": args.per_s,
        "answered": len(tally.took), "answered per s": round(len(tally.took) / spent),
        "not 200": len(tally.refused), "p50 ms": tally.quantile_ms(0.5), "p95 ms": tally.quantile_ms(0.95),
        "p99 ms": tally.quantile_ms(0.99), "rounds meanwhile": done,
        "client's CPU per answer us": round(1e6 * own / len(tally.took)),
    }, indent=1))  # fmt: skip


if __name__ == "__main__":
    main()
