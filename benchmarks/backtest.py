"""Backtests against a plain C loop that does the same: equality first, then time and memory.

    python -m benchmarks.backtest [--bars 100000 1000000] [--repeats 30] [--peers] [--cold]

Times are of one core, the least of the repeats, and CPU time, which other work on the machine disturbs less. ``series``
runs on bars that were looked through before, ``candles`` looks through them each time. ``--peers`` installs vectorbt and
backtesting.py into a throw-away environment and runs them on the same bars; ``--cold`` times the command line.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path

import numpy as np

from benchmarks.backtests import cold, peers
from benchmarks.backtests.plain import Plain, compiler
from benchmarks.backtests.timing import side_by_side
from benchmarks.backtests.workloads import COSTS, market, tight, workloads
from benchmarks.machine import ROOT, machine
from openoutcry.market.candles import Candles
from wire.compiling import keep_kernels
from wire.strategies import load_trading_defaults


def main() -> None:
    """Parse the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Measure backtests.")
    parser.add_argument("--bars", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument(
        "--peers", action="store_true", help="install and run vectorbt and backtesting.py too"
    )
    parser.add_argument("--cold", action="store_true", help="time a cold `outcry backtest` too")
    args = parser.parse_args()
    keep_kernels(ROOT / ".cache")
    figures: dict[str, object] = {"compiler": compiler() or "none: nothing to compare with"}
    with tempfile.TemporaryDirectory() as folder:
        for bars in args.bars:
            figures[f"{bars:,} bars"] = measure(Path(folder), bars, args.repeats)
        figures["memory, 1,000,000 bars"] = {key: memory(Path(folder), key) for key in "ab"}
        if args.cold:
            figures["cold command line, 10,000 bars"] = cold.measure(Path(folder))
        if args.peers:
            figures["peers"] = peers.measure(Path(folder))
    print(json.dumps({**figures, "machine": machine()}, indent=1, ensure_ascii=False))


def measure(folder: Path, bars: int, repeats: int) -> dict[str, object]:
    """Both workloads on a market of so many bars."""
    from openoutcry.backtest.run import backtest
    from openoutcry.backtest.series import Series

    defaults, candles = load_trading_defaults(ROOT / ".cache"), market(bars)
    series = Series.of(candles, "1m")
    plain = Plain(folder) if compiler() else None
    found: dict[str, object] = {}
    for workload in workloads(defaults):
        strategy, limited = workload.strategy, tight(defaults, workload)
        told = {"timeframe": "1m", "costs": COSTS}
        outcome = backtest(strategy, series, **told)
        works = {
            "series, ms": partial(backtest, strategy, series, **told),
            "candles, ms": partial(backtest, strategy, candles, **told),
            "limits that bind, ms": partial(backtest, limited, series, **told),
            "looking through the bars, ms": partial(Series.of, candles, "1m"),
        }
        if plain is not None:
            assert_equal(outcome, *plain.run(workload, candles, bars))
            works["C, ms"] = partial(plain.run, workload, candles, len(outcome) + 1)
        times = side_by_side(works, repeats)
        if plain is not None:
            times |= {
                f"{name} / C": round(times[f"{name}, ms"] / times["C, ms"], 2)
                for name in ("series", "candles")
            }
        rate = round(bars / times["series, ms"] / 1000, 1)
        found[f"({workload.key}) {workload.title}"] = {"trades": len(outcome), **times, "M bars/s": rate}
    return found


def assert_equal(outcome, trades: np.ndarray, balance: float) -> None:
    """The same trades at the same bars, prices and sizes to 1e-9, the same money in the end."""
    ours = outcome.trades
    assert len(trades) > 100, "too few trades to tell"
    for name in ("entry_bar", "exit_bar"):
        np.testing.assert_array_equal(getattr(ours, name), trades[name])
    for name in ("entry_price", "exit_price", "size"):
        np.testing.assert_allclose(getattr(ours, name), trades[name], rtol=1e-9)
    np.testing.assert_allclose(outcome.final_balance, balance, rtol=1e-9)


def memory(folder: Path, key: str, bars: int = 1_000_000) -> dict[str, float]:
    """Peak memory of a process that loads the bars and runs one workload, in MB: in all, and beyond its imports."""
    if not (folder / "close.npy").exists():
        for name, column in zip(Candles.__dataclass_fields__, market(bars).arrays(), strict=True):
            np.save(folder / name, column)
    command = [sys.executable, "-m", "benchmarks.backtests.remember", str(folder), key]
    return json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main()
