"""1,000 combinations of an SMA cross in one process, beside vectorbt's own sweep: ``python -m benchmarks.sweep --peers``.

Before anything is timed, every combination's trades and daily equity are compared with the run it is alone, and those that
vectorbt runs too with vectorbt's. vectorbt is installed into an environment of its own in a temporary folder.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import perf_counter, process_time
from typing import Any

import numpy as np

from benchmarks.machine import ROOT, machine
from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.run import backtest
from openoutcry.backtest.search.candidates import grid, sharing_order
from openoutcry.backtest.search.evaluate import Evaluator, Subject
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.space import read_space
from openoutcry.backtest.search.trial import ranked
from openoutcry.backtest.search.varying import fits, mapping_of
from openoutcry.backtest.search.verdict import verdict
from openoutcry.backtest.series import Series
from openoutcry.backtest.splits import Span
from openoutcry.market.candles import Candles
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from wire.strategies import load_trading_defaults

DAY_MS = 86_400_000
MINUTE_MS = 60_000
FEE = 0.0001
SPACE = {
    "entry[0].params.window_fast, exit[0].params.window_fast": "10:48:2",
    "entry[0].params.window_slow, exit[0].params.window_slow": "50:246:4",
}
"""20 x 50 = 1,000."""
FREE = {
    "stop_loss_calculation": "none", "position_size_calc": "all_in", "max_open_positions": 1, "cooldown_bars": 0,
    "max_trades_per_day": 100_000, "min_balance_threshold": 0, "min_trade_amount": 0, "max_drawdown_limit": 1.0,
    "kill_switch_limit": 1.0, "max_hold_bars": 10_000_000, "exit_on_loss_after_bars": 10_000_000,
    "exit_on_profit_after_bars": 10_000_000, "max_units_per_trade": 1e15, "max_trade_amount": 1e15,
    "cooldown_config": {
        "1m": {"short_loss_limit": 10_000, "long_loss_limit": 10_000, "short_window_bars": 1, "long_window_bars": 1}
    },
}  # fmt: skip
"""Long only, all in, a fee a side, filled at the next open; nothing limits and nothing times out."""
PEER = ROOT / "benchmarks" / "peers" / "vectorbt_sweep.py"
PEER_COMBINATIONS = {100_000: 200, 1_000_000: 40}
CHUNKS = (10, 25, 50)
SPEED = "combinations_per_cpu_s"
"""By processor time, which other work on the machine disturbs least; both run on one core."""


def market(bars: int) -> Candles:
    """One-minute bars of a seeded walk that opens where it closed."""
    rng = np.random.default_rng(7)
    close = 20_000 * np.exp(np.cumsum(rng.standard_normal(bars) * 0.0008))
    opened = np.concatenate((close[:1], close[:-1]))
    high, low = np.maximum(opened, close) * 1.0002, np.minimum(opened, close) * 0.9998
    return Candles.of(np.arange(bars) * MINUTE_MS, opened, high, low, close, np.ones(bars))


def strategy() -> RuleStrategy:
    """The crossing."""
    windows = {"window_fast": 20, "window_slow": 50}
    rules = [
        {"name": f"sma_cross_{way}", "signal_type": "TRIGGER", "timeframe": "1m", "params": windows}
        for way in ("up", "down")
    ]
    given = {
        "name": "SMA cross", "asset": "BTC", "relaxed": True, "entry": rules[:1], "exit": rules[1:],
        "execution_config": FREE,
    }  # fmt: skip
    return parse_strategy(given, load_trading_defaults(Path("/nowhere")))


def subject(candles: Candles) -> Subject:
    """What is swept."""
    made, space = strategy(), read_space(SPACE)
    fits(space, made)
    return Subject(
        base=mapping_of(made),
        defaults=load_trading_defaults(Path("/nowhere")),
        space=space,
        series=Series.of(candles, "1m"),
        costs=Costs(fee_pct=FEE, slippage_pct=0.0),
        fills=FillModel(slippage="none"),
        perpetual=None,
        funding=None,
        seed=0,
        objective=read_objective("sharpe_ratio", 0),
        period_ms=DAY_MS,
    )


def sweep(some: Subject) -> dict[str, Any]:
    """Every combination and what may be believed of the best, timed."""
    began, busy = perf_counter(), process_time()
    evaluator, plan = Evaluator(some), grid(some.space)
    spans = (Span(0, len(some.series)),)
    trials = [evaluator.trial(place, plan[place], spans) for place in sharing_order(plan, some.space)]
    ran, worked = perf_counter() - began, process_time() - busy
    best = ranked(trials, some.objective)[0]
    judged = verdict(trials, best, 1.0)
    return {
        "combinations": len(trials),
        "combinations_per_cpu_s": round(len(trials) / worked, 1),
        "combinations_per_s": round(len(trials) / ran, 1),
        "cpu_s": round(worked, 2),
        "lines_and_crossings_worked_out": evaluator.computed,
        "verdict_cpu_s": round(process_time() - busy - worked, 2),
        "best": dict(best.values),
        "pbo": judged.pbo,
    }


def equal(some: Subject) -> int:
    """Compare every combination with the run it is alone. Raises AssertionError; returns how many."""
    evaluator, plan = Evaluator(some), grid(some.space)
    span = Span(0, len(some.series))
    for place in sharing_order(plan, some.space):
        own = evaluator.strategy(plan[place])
        shared, alone = evaluator.outcome(own, span), single(some, own)
        for one, other in zip(shared.trades, alone.trades, strict=True):
            assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f"), plan[place]
        assert shared.final_balance == alone.final_balance, plan[place]
        trial = evaluator.trial(place, plan[place], [span])
        days = evaluator.periods(span)
        worth = alone.equity()[days.bars]
        assert np.array_equal(trial.returns, days.returns(worth, alone.initial_balance)), plan[place]
        assert trial.figures["total_trades"] == len(alone), plan[place]
        assert trial.figures["total_return"] == worth[-1] / alone.initial_balance - 1, plan[place]
    return len(plan)


def single(some: Subject, own: RuleStrategy) -> Outcome:
    """One run with nothing shared."""
    return backtest(own, some.series, timeframe="1m", costs=some.costs, fills=some.fills, seed=some.seed)


def memory(bars: int) -> dict[str, Any]:
    """Peak memory of a sweep beyond the interpreter with everything imported and compiled. For a process of its own."""
    sweep(subject(market(5_000)))
    before = peak_kb()
    found = sweep(subject(market(bars)))
    return {**found, "peak_mb_beyond_interpreter": round((peak_kb() - before) / 1024)}


def peak_kb() -> int:
    """Most memory this process has had. (Not getrusage: that counts what the process it was forked from had.)"""
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def peer_figures(python: Path, some: Subject, bars: int) -> dict[str, Any]:
    """vectorbt's sweep of some of the combinations, the best of a few chunk sizes, after its results were compared."""
    plan = grid(some.space)
    count = PEER_COMBINATIONS.get(bars, 40)
    chosen = plan[:: max(len(plan) // count, 1)][:count]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bars.npz"
        candles = some.series.candles
        np.savez(path, open=candles.open, close=candles.close)
        pairs = [list(values.values()) for values in chosen]
        best: dict[str, Any] = {}
        for chunk in CHUNKS:
            order = {"bars": str(path), "pairs": pairs, "chunk": chunk, "fee": FEE}
            done = subprocess.run(
                [python, PEER], input=json.dumps(order), capture_output=True, text=True, check=True
            )
            found = json.loads(done.stdout.splitlines()[-1])
            compare(some, chosen, found.pop("final"), found.pop("trades"))
            if found[SPEED] > best.get(SPEED, 0.0):
                best = {**found, "chunk": chunk}
    return best


def compare(some: Subject, chosen: Sequence[Any], final: list[float], trades: list[int]) -> None:
    """Hold vectorbt's results to ours: it leaves the last position open, which we close at a fee."""
    evaluator = Evaluator(some)
    for values, theirs, count in zip(chosen, final, trades, strict=True):
        outcome = single(some, evaluator.strategy(values))
        ours, last = outcome.final_balance, outcome.records[-1]
        if last["reason"] == Exit.END:
            ours += float(last["size"] * last["exit_price"]) * FEE
        assert abs(ours / theirs - 1) < 1e-6 and len(outcome) == count, (values, ours, theirs)


def install_peer(folder: Path) -> Path:
    """An environment with vectorbt; its interpreter."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run([python, "-m", "pip", "install", "-q", "vectorbt[rust]==1.2.*"], check=True)
    return python


def measure(bars: int, python: Path | None) -> dict[str, Any]:
    """Everything at one length."""
    some = subject(market(bars))
    checked = equal(some)
    child = [sys.executable, "-m", "benchmarks.sweep", "--memory", str(bars)]
    runs = [
        json.loads(subprocess.run(child, capture_output=True, text=True, check=True, cwd=ROOT).stdout)
        for _ in range(2)
    ]
    ours = max(runs, key=lambda run: run[SPEED])
    made: dict[str, Any] = {"bars": bars, "equal_to_single_runs": checked, "ours": ours}
    if python is not None:
        theirs = peer_figures(python, some, bars)
        made["vectorbt"] = theirs
        made["times_vectorbt"] = round(ours[SPEED] / theirs[SPEED], 1)
    return made


def main() -> None:
    """Parse the command line and print the figures as JSON."""
    parser = argparse.ArgumentParser(description="Measure a sweep of 1,000 combinations.")
    parser.add_argument("--bars", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument(
        "--peers", action="store_true", help="install vectorbt in a temporary folder and measure it too"
    )
    parser.add_argument("--memory", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.memory:
        print(json.dumps(memory(args.memory)))
        return
    with tempfile.TemporaryDirectory() as folder:
        python = install_peer(Path(folder)) if args.peers else None
        figures = [measure(bars, python) for bars in args.bars]
    print(json.dumps({"figures": figures, "machine": machine()}, indent=1))


if __name__ == "__main__":
    main()
