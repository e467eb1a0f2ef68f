"""What a sweep found, as plain values that are stored, printed and sent."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.search.evaluate import Evaluator
from openoutcry.backtest.search.forward import Judged, Window
from openoutcry.backtest.search.spec import SweepSpec
from openoutcry.backtest.search.trial import Trial, different, ranked
from openoutcry.backtest.search.varying import mapping_of
from openoutcry.backtest.search.verdict import verdict
from openoutcry.backtest.splits import Span
from openoutcry.types.timeframes import from_millis

KEPT = 50
"""Ranked combinations in a result."""
SHOWN = ("total_return", "sharpe_ratio", "total_trades", "win_rate", "profit_factor")


def result_of(
    spec: SweepSpec,
    evaluator: Evaluator,
    trials: Sequence[Trial],
    given_up: int,
    forward: Judged | None,
    *,
    complete: bool,
) -> dict[str, Any]:
    """The result of a search over all rows, finished or not, and of the forward test when there was one."""
    subject = evaluator.subject
    ran = [trial for trial in trials if trial.figures]
    once = different(ran)
    order = ranked(once, subject.objective)
    best = order[0] if order else None
    judged = verdict(once, best, subject.period_ms / 86_400_000)
    told = asdict(judged)
    warnings = [*_counts(trials, ran, once, order, given_up), *told.pop("warnings"), *_edges(evaluator, best)]
    made: dict[str, Any] = {
        "complete": complete,
        "strategy": spec.strategy["name"],
        "market": spec.market.model_dump(mode="json"),
        "method": spec.method,
        "objective": spec.objective,
        "seed": spec.seed,
        "trials": {
            "run": len(ran), "different": len(once), "counting": len(order), "contradictory": len(trials) - len(ran),
            "given_up": given_up,
        },
        "best": None if best is None else _best(evaluator, best),
        "ranked": [_row(trial) for trial in order[:KEPT]],
        "overfitting": told,
        "forward": None if forward is None else _forward(spec, evaluator, forward),
    }  # fmt: skip
    if forward is not None:
        warnings += forward.warnings
    if not complete:
        warnings.insert(0, "the sweep was stopped: this is what was found until then")
    return {**made, "warnings": warnings}


def _row(trial: Trial) -> dict[str, Any]:
    shown = {name: trial.figures[name] for name in SHOWN}
    return {"number": trial.number, "values": dict(trial.values), "score": trial.score, **shown}


def _best(evaluator: Evaluator, best: Trial) -> dict[str, Any]:
    subject = evaluator.subject
    strategy = evaluator.strategy(best.values)
    outcome = evaluator.outcome(strategy, Span(0, len(subject.series)))
    settings = subject.space.settings(best.values)
    return {
        "number": best.number,
        "values": dict(best.values),
        "settings": settings,
        "score": best.score,
        "figures": measure(outcome).to_dict(),
        "strategy": mapping_of(strategy),
    }


def _forward(spec: SweepSpec, evaluator: Evaluator, forward: Judged) -> dict[str, Any]:
    return {
        **spec.forward.model_dump(mode="json"),
        "windows": [_window(evaluator, one) for one in forward.windows],
        "efficiency": forward.efficiency,
        "figures": forward.figures,
        "equity": [
            {"timestamp": from_millis(at).isoformat(), "portfolio_value": worth}
            for at, worth in zip(forward.closed_at, forward.equity, strict=True)
        ],
    }


def _window(evaluator: Evaluator, one: Window) -> dict[str, Any]:
    stamps = evaluator.subject.series.candles.timestamp

    def spans(parts: Sequence[Span]) -> list[list[str]]:
        return [
            [from_millis(int(stamps[row])).isoformat() for row in (part.start, part.stop - 1)]
            for part in parts
        ]

    return {
        "window": one.number,
        "train": spans(one.split.train),
        "test": spans(one.split.test),
        "candidates": one.candidates,
        "values": one.values,
        "train_score": one.train_score,
        "test_score": one.test_score,
        "train_annual_return": one.train_annual,
        "test_annual_return": one.test_annual,
        "test_trades": one.test_trades,
    }


def _counts(
    trials: Sequence[Trial],
    ran: Sequence[Trial],
    once: Sequence[Trial],
    order: Sequence[Trial],
    given_up: int,
) -> list[str]:
    said = []
    refused = next((trial for trial in trials if not trial.figures), None)
    if refused is not None:
        said.append(
            f"{len(trials) - len(ran)} combinations contradict themselves and were not run: {refused.reason}"
        )
    if given_up:
        said.append(f"{given_up} combinations ended their process three times and were given up")
    if len(once) < len(ran):
        said.append(f"{len(ran) - len(once)} trials repeated a combination; each counts as one try")
    idle = next((trial for trial in once if trial.score is None), None)
    if idle is not None:
        few = len(once) - len(order)
        said.append(f"{few} combinations do not count ({idle.reason}, for one); they were tries all the same")
    return said


def _edges(evaluator: Evaluator, best: Trial | None) -> list[str]:
    said = []
    for one in evaluator.subject.space.dimensions if best is not None else ():
        assert best is not None
        value, ends = best.values[one.name], one.extremes()
        if not one.choices and ends[0] != ends[1] and value in ends:
            said.append(
                f"{one.name}: the best value {value} is at the end of its range; the optimum may lie beyond"
            )
    return said
