"""Other engines on the same bars, installed into an environment that is thrown away."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np

from benchmarks.backtests.timing import least
from benchmarks.backtests.workloads import COSTS, FEE, Workload, market, workloads
from benchmarks.machine import ROOT
from openoutcry.market.candles import Candles
from wire.strategies import load_trading_defaults

WANTED = ("vectorbt[rust]==1.2.0", "backtesting==0.6.6")
HERE = Path(__file__).parent
LARGE, SMALL = 1_000_000, 100_000


def measure(folder: Path, python: Path | None = None) -> dict[str, object]:
    """Milliseconds of each engine and workload, after it gave the same entries (vectorbt: the same money too), on a calm
    market: on the other, fees eat the account up until peers stop trading."""
    python = python or install(folder)
    found: dict[str, object] = {}
    for bars, script, engines in (
        (LARGE, "peer_vectorbt.py", ("numba", "rust")),
        (SMALL, "peer_backtesting.py", ("",)),
    ):
        candles = market(bars, calm=True)
        columns = folder / f"peer-{bars}.npy"
        np.save(columns, np.stack([column.astype(np.float64) for column in candles.arrays()]))
        for workload in workloads(load_trading_defaults(ROOT / ".cache")):
            for engine in engines:
                command = [
                    str(python),
                    str(HERE / script),
                    str(columns),
                    workload.key,
                    *filter(None, [engine]),
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=True)
                told = json.loads(done.stdout.splitlines()[-1])
                ours = assert_same(workload, candles, told)
                name = (
                    f"({workload.key}) {script.removeprefix('peer_').removesuffix('.py')} {engine}".rstrip()
                )
                found[name] = {
                    "bars": bars,
                    "ms": told["ms"],
                    "ours, ms": ours,
                    "times": round(told["ms"] / ours),
                }
    return found


def install(folder: Path) -> Path:
    """A fresh environment with the peers; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder / "peers"], check=True)
    python = folder / "peers" / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "--quiet", *WANTED], check=True)
    return python


def assert_same(workload: Workload, candles: Candles, told: dict) -> float:
    """The same entries, and where the engine tells it the same money to 1e-4. Our milliseconds, bars looked through."""
    from openoutcry.backtest.run import backtest

    outcome = backtest(workload.strategy, candles, timeframe="1m", costs=COSTS)
    assert outcome.trades.entry_bar.tolist() == told["entered"], f"{workload.key}: other entries"
    if "value" in told:
        last = next(reversed(list(outcome.rows())))
        ended = (
            last["exit_reason"] == "END"
        )  # peers leave the last position open: without the fee of its exit
        value = outcome.final_balance / (1 - FEE) if ended else outcome.final_balance
        np.testing.assert_allclose(told["value"], value, rtol=1e-4)
    return least(lambda: backtest(workload.strategy, candles, timeframe="1m", costs=COSTS), 5)
