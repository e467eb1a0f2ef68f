"""Parameters chosen on some rows and judged on others: walk-forward optimisation and purged cross-validation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from openoutcry.backtest.metrics import Account, figures
from openoutcry.backtest.search.dimension import Value
from openoutcry.backtest.search.evaluate import Evaluator
from openoutcry.backtest.search.spec import Forward
from openoutcry.backtest.search.trial import Floats, Trial, ranked
from openoutcry.backtest.splits import Split, combinatorial, walk_forward
from openoutcry.errors import BadInput

BY_PERIOD = (
    "total_return", "irr_annualized", "volatility", "sharpe_ratio", "sortino_ratio", "max_drawdown", "gain_to_pain_ratio",
    "total_trades", "win_rate", "profit_factor",
)  # fmt: skip
LITTLE = 0.5
FEWEST = 10
"""Rows of a training or test: less is nothing to trade in."""


@dataclass(frozen=True, slots=True, eq=False)
class Window:
    """One split: the combination that was best in training, and what it did there and in the test. None where no combination
    counted. ``annual`` figures are growth a year, as fractions."""

    number: int
    split: Split
    candidates: int
    values: dict[str, Value] | None
    train_score: float | None
    test_score: float | None
    train_annual: float | None
    test_annual: float | None
    test_trades: int
    returns: Floats
    pnl: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """All windows. ``figures`` and ``equity`` (at ``closed_at``, UTC ms, from the initial balance) are of the tests one after
    the other, where every row is tested once; ``efficiency`` is the tests' growth a year over the trainings'."""

    windows: tuple[Window, ...]
    efficiency: float | None
    figures: dict[str, Any] | None
    closed_at: tuple[int, ...]
    equity: tuple[float, ...]
    warnings: tuple[str, ...]


def splits_of(rows: int, forward: Forward) -> tuple[Split, ...]:
    """The splits a sweep asks for; none when it asks for none. Raises BadInput when they cannot be."""
    if forward.splitting == "none":
        return ()
    reach = {"horizon": forward.purge, "embargo": forward.embargo}
    if forward.splitting == "walk_forward":
        made, field = walk_forward(rows, forward.folds, anchored=forward.anchored, **reach), "walk_forward"
    else:
        made, field = combinatorial(rows, forward.folds, forward.test_folds, **reach), "folds"
    if any(span.rows < FEWEST for split in made for part in split for span in part):
        raise BadInput(
            f"{field}: {rows} rows in {forward.folds} parts leave one with fewer than {FEWEST}", field=field
        )
    return made


def window(evaluator: Evaluator, number: int, split: Split, trained: Sequence[Trial]) -> Window:
    """Judge the best of the trained combinations on the split's test."""
    found = ranked(trained, evaluator.subject.objective)
    if not found:
        idle = np.zeros(sum(len(evaluator.periods(span)) for span in split.test))
        return Window(number, split, len(trained), None, None, None, None, None, 0, idle, np.empty(0))
    best, days = found[0], evaluator.subject.period_ms / 86_400_000
    test, pnl = evaluator.test(best.number, best.values, split.test)
    return Window(
        number=number,
        split=split,
        candidates=len(trained),
        values=dict(best.values),
        train_score=best.score,
        test_score=test.score,
        train_annual=annual(best.returns, days),
        test_annual=annual(test.returns, days),
        test_trades=int(test.figures["total_trades"] or 0),
        returns=test.returns,
        pnl=pnl,
    )


def annual(returns: Floats, period_days: float) -> float | None:
    """Compound growth a year of returns per period; None when nothing is left or there is no number for it."""
    if not len(returns) or bool(np.any(returns <= -1.0)):
        return None
    growth = float(np.sum(np.log1p(returns))) * 365.0 / (len(returns) * period_days)
    return math.expm1(growth) if growth < 100.0 else None


def judged(evaluator: Evaluator, windows: Sequence[Window]) -> Judged:
    """All windows together."""
    days = evaluator.subject.period_ms / 86_400_000
    tested = [span for one in windows for span in one.split.test]
    once = len(set(tested)) == len(tested)
    trained = [one.train_annual for one in windows if one.train_annual is not None]
    gained = annual(np.concatenate([one.returns for one in windows]), days)
    mean = sum(trained) / len(trained) if trained else 0.0
    efficiency = gained / mean if gained is not None and mean > 0.0 else None
    told: dict[str, Any] | None = None
    closed: tuple[int, ...] = ()
    equity: tuple[float, ...] = ()
    if once:
        told, closed, equity = _stitched(evaluator, sorted(windows, key=lambda one: one.split.test))
    return Judged(tuple(windows), efficiency, told, closed, equity, tuple(_words(windows, efficiency)))


def _stitched(
    evaluator: Evaluator, windows: Sequence[Window]
) -> tuple[dict[str, Any], tuple[int, ...], tuple[float, ...]]:
    spans = [span for one in windows for span in one.split.test]
    periods = [evaluator.periods(span) for span in spans]
    balance = float(evaluator.balance)
    worth = balance * np.cumprod(1.0 + np.concatenate([one.returns for one in windows]))
    closed = np.concatenate([part.closed_at for part in periods])
    account = Account(balance, periods[0].opened_at, closed, np.asarray(worth, np.float64))
    pnl = np.concatenate([one.pnl for one in windows])
    every = figures(account, pnl, np.empty(0, np.bool_)).to_dict()
    return {name: every[name] for name in BY_PERIOD}, tuple(closed.tolist()), tuple(worth.tolist())


def _words(windows: Sequence[Window], efficiency: float | None) -> list[str]:
    said = []
    empty = [str(one.number) for one in windows if one.values is None]
    if empty:
        said.append(
            f"no combination counted in the training of window {', '.join(empty)}: its test stood idle"
        )
    if efficiency is None:
        said.append("the trainings made nothing, so there is no efficiency to speak of")
    elif efficiency < LITTLE:
        said.append(
            f"out of sample {max(efficiency, 0.0):.0%} of the trainings' growth was left"
            if efficiency > 0
            else "out of sample the chosen parameters lost money: what training found did not last"
        )
    lost = sum(one.test_annual is not None and one.test_annual < 0 for one in windows)
    if windows and lost > len(windows) / 2:
        said.append(f"{lost} of {len(windows)} tests lost money")
    return said
