"""A sweep from its spec to its result: all rows, then each split's training and test."""

from pathlib import Path
from typing import Any

from db.sweeps import Sweep, SweepStore
from openoutcry.backtest.search.evaluate import Evaluator, Subject
from openoutcry.backtest.search.forward import Judged, judged, splits_of, window
from openoutcry.backtest.search.objective import read_objective
from openoutcry.backtest.search.periods import period_of
from openoutcry.backtest.search.space import read_space
from openoutcry.backtest.search.spec import SweepSpec
from openoutcry.backtest.series import Series
from openoutcry.backtest.splits import Span, Split
from openoutcry.strategy.defaults import TradingDefaults
from workers.sweeping.market import stored_funding
from workers.sweeping.opening import Studies
from workers.sweeping.pool import Pool, open_pool
from workers.sweeping.result import result_of
from workers.sweeping.searching import SweepStopped, Watch, search

BATCH, BATCH_HERE, BATCH_KEPT = 16, 1, 4
"""Combinations that a process of the pool takes at a time; that this process takes, which looks up between them; and that it
takes where each taking asks the database. TPE, which learns from each, always takes one."""


def subject_of(spec: SweepSpec, series: Series, defaults: TradingDefaults, home: Path) -> Subject:
    """What the spec says is searched, on its candles."""
    market = spec.market
    return Subject(
        base=spec.strategy,
        defaults=defaults,
        space=read_space(dict(spec.vary), spec.where),
        series=series,
        costs=spec.costs,
        fills=spec.fills,
        perpetual=spec.perpetual,
        funding=stored_funding(home, market) if spec.perpetual is not None else None,
        seed=spec.seed,
        objective=read_objective(spec.objective, spec.min_trades),
        period_ms=period_of(market.first_ms, market.last_ms + series.bar_ms, series.bar_ms),
    )


def run_sweep(
    spec: SweepSpec,
    subject: Subject,
    workers: int,
    watch: Watch,
    store: SweepStore | None = None,
    sweep: Sweep | None = None,
) -> dict[str, Any]:
    """Run what is not yet run, and say what was found.

    With a store the trials are kept there and others may work on them too. When the watch says so it stops, with what
    was found until then. Raises SweepStopped when that is nothing, SweepLost when the database goes away.
    """
    splits = splits_of(len(subject.series), spec.forward)
    studies = Studies(spec, subject.space, subject.objective, store, sweep)
    evaluator = Evaluator(subject)
    here = BATCH_HERE if store is None else BATCH_KEPT
    batch = 1 if spec.method == "tpe" else BATCH if workers > 1 else here
    every = studies.open("all")
    forward, complete = None, True
    with open_pool(subject, evaluator, workers) as pool:
        try:
            whole = (Span(0, len(subject.series)),)
            search(every, pool, whole, subject.objective, watch, "all", batch)
            if splits:
                forward = _forward(studies, splits, evaluator, pool, watch, batch)
        except SweepStopped:
            if not any(trial.figures for trial in every.trials()):
                raise
            complete = False
    return result_of(spec, evaluator, every.trials(), every.given_up, forward, complete=complete)


def _forward(
    studies: Studies, splits: tuple[Split, ...], evaluator: Evaluator, pool: Pool, watch: Watch, batch: int
) -> Judged:
    subject, windows = evaluator.subject, []
    for number, split in enumerate(splits, start=1):
        part = f"window {number}"
        trained = search(studies.open(part), pool, split.train, subject.objective, watch, part, batch)
        windows.append(window(evaluator, number, split, trained))
    return judged(evaluator, windows)
