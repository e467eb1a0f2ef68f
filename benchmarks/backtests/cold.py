"""A cold ``outcry backtest``: a new process from its start to its last line, on 10,000 stored bars."""

import os
import resource
import subprocess
import sys
from pathlib import Path
from time import perf_counter

from benchmarks.backtests.workloads import market
from benchmarks.machine import ROOT
from db.candles import CandleStore, Series

BARS = 10_000
RULES = """
name: cross
asset: BTC
relaxed: true
entry: [{name: sma_cross_up, signal_type: TRIGGER, timeframe: 1m, params: {window_fast: 20, window_slow: 50}}]
exit: [{name: sma_cross_down, signal_type: TRIGGER, timeframe: 1m, params: {window_fast: 20, window_slow: 50}}]
execution_config: {atr_short_weight: 1, atr_long_weight: 0}
"""


def measure(folder: Path, repeats: int = 5) -> dict[str, float]:
    """Seconds by the clock and of CPU, the least of the repeats. The kernels are those that the installation compiled."""
    CandleStore(folder).merge(Series("binance", "BTC/USDT", "1m"), market(BARS))
    rules = folder / "cross.yaml"
    rules.write_text(RULES)
    command = [sys.executable, "-m", "outcry", "backtest", str(rules), "--home", str(folder)]
    env = {name: value for name, value in os.environ.items() if name != "NUMBA_CACHE_DIR"}
    clock, cpu = [], []
    for _ in range(repeats):
        began, before = perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, cwd=ROOT, env=env, check=True, stdout=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        clock.append(perf_counter() - began)
        cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return {"clock, s": round(min(clock), 2), "CPU, s": round(min(cpu), 2)}
