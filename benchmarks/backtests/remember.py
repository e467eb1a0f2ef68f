"""One backtest in a process of its own, which prints its peak memory: python -m benchmarks.backtests.remember FOLDER a|b"""

import json
import sys
from pathlib import Path

import numpy as np

from benchmarks.backtests.workloads import COSTS, workloads
from benchmarks.machine import ROOT
from openoutcry.market.candles import Candles
from wire.compiling import keep_kernels
from wire.strategies import load_trading_defaults


def kilobytes(name: str) -> int:
    """A line of this process's status."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


def main() -> None:
    """Import, note the memory, load the bars, run, measure, note the peak."""
    keep_kernels(ROOT / ".cache")
    from openoutcry.backtest.metrics import measure
    from openoutcry.backtest.run import backtest

    strategy = {w.key: w.strategy for w in workloads(load_trading_defaults(ROOT / ".cache"))}[sys.argv[2]]
    before = kilobytes("VmRSS")
    columns = [np.load(Path(sys.argv[1]) / f"{name}.npy") for name in Candles.__dataclass_fields__]
    candles = Candles.of(*columns)
    outcome = backtest(strategy, candles, timeframe="1m", costs=COSTS)
    after_run = kilobytes("VmHWM")
    total_return = measure(outcome).total_return
    peak = kilobytes("VmHWM")
    figures = {
        "imports": before,
        "run beyond them": after_run - before,
        "with metrics beyond them": peak - before,
        "peak": peak,
    }
    print(
        json.dumps(
            {
                **{name: round(kb / 1024, 1) for name, kb in figures.items()},
                "total_return": round(total_return, 6),
            }
        )
    )


if __name__ == "__main__":
    main()
