"""``make bench``: every figure that takes minutes, one after the other; ``ARGS=api.lists`` for one of them."""

import subprocess
import sys

from benchmarks.machine import ROOT

ALL = (
    "api.lists",
    "api.reads",
    "api.cost",
    "api.sockets",
    "floor",
    "replay",
    "storage",
    "candles",
    "backtest",
    "sweep",
    "reconcile",
    "naked",
    "kill_switch",
    "tamper",
)


def main() -> None:
    """Run those that are named, or all. Exits with the first failure's code."""
    named = sys.argv[1:] or ALL
    for name in named:
        if name not in ALL:
            sys.exit(f"{name!r} is none of {', '.join(ALL)}")
    for name in named:
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], cwd=ROOT, check=False)
        if done.returncode:
            sys.exit(done.returncode)


if __name__ == "__main__":
    main()
