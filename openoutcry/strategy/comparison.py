"""Champion against challenger: whether a version is better than the one in production, by their metrics.

| criterion | weight | the challenger must be |
|---|---|---|
| total_return | 3 (high) | above the champion |
| sharpe_ratio | 3 (high) | at least the champion's |
| max_drawdown | 2 (medium) | at most the champion's |
| win_rate | 1 (low) | at least 0.9 × the champion's |

PROMOTE when both high criteria hold and the confidence is at least 0.7; KEEP when neither return nor Sharpe ratio is
better; else INVESTIGATE.
The confidence is the share of weight that speaks for the decision, times min(1, trades / 30) of the challenger where
that decision is not KEEP. Whatever cannot be compared is KEEP with confidence 0, and says why.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal, NamedTuple

from openoutcry.strategy.figures import Figures
from openoutcry.strategy.ranking import ENOUGH_TRADES
from openoutcry.types.frozen import Frozen

Decision = Literal["PROMOTE", "KEEP", "INVESTIGATE"]
LEAST_CONFIDENCE = 0.7
HIGH = 3


class Criterion(NamedTuple):
    """A figure, what it weighs, and when the challenger's holds against the champion's."""

    name: str
    weight: int
    holds: Callable[[float, float], bool]


CRITERIA = (
    Criterion("total_return", HIGH, lambda challenger, champion: challenger > champion),
    Criterion("sharpe_ratio", HIGH, lambda challenger, champion: challenger >= champion),
    Criterion("max_drawdown", 2, lambda challenger, champion: challenger <= champion),
    Criterion("win_rate", 1, lambda challenger, champion: challenger >= 0.9 * champion),
)


class Comparison(Frozen):
    """``deltas`` are challenger minus champion; ``profit_improvement`` is in percent of the champion's total return,
    None when that is 0 or unknown; ``held`` says of each criterion whether it holds.
    """

    decision: Decision
    confidence: float
    profit_improvement: float | None
    deltas: dict[str, float]
    held: dict[str, bool]
    recommendation: str


def compare(champion: Mapping[str, Any] | None, challenger: Mapping[str, Any] | None) -> Comparison:
    """Compare two versions by the metrics of their last backtests."""
    if champion is None or challenger is None:
        side = "champion" if champion is None else "challenger"
        return _unknown(f"the {side} has no metrics yet: backtest it", {})
    old, new = Figures.of(champion), Figures.of(challenger)
    deltas = _deltas(old, new)
    missing = [c.name for c in CRITERIA if c.name not in deltas]
    if missing or new.trades is None:
        return _unknown(f"{(missing or ['trades'])[0]} is not known of both", deltas)
    held = {c.name: c.holds(getattr(new, c.name), getattr(old, c.name)) for c in CRITERIA}
    share = sum(c.weight for c in CRITERIA if held[c.name]) / sum(c.weight for c in CRITERIA)
    better = deltas["total_return"] > 0 or deltas["sharpe_ratio"] > 0
    decision, confidence = _decide(held, share, min(1.0, new.trades / ENOUGH_TRADES), better=better)
    return Comparison(
        decision=decision,
        confidence=round(confidence, 4),
        profit_improvement=_improvement(old, new),
        deltas=deltas,
        held=held,
        recommendation=_words(decision, held, new.trades),
    )


def _decide(held: Mapping[str, bool], share: float, sample: float, *, better: bool) -> tuple[Decision, float]:
    if not better:
        return "KEEP", 1 - share
    if all(held[c.name] for c in CRITERIA if c.weight == HIGH) and share * sample >= LEAST_CONFIDENCE:
        return "PROMOTE", share * sample
    return "INVESTIGATE", share * sample


def _deltas(old: Figures, new: Figures) -> dict[str, float]:
    pairs = {name: (getattr(old, name), getattr(new, name)) for name in Figures.model_fields}
    return {name: round(b - a, 10) for name, (a, b) in pairs.items() if a is not None and b is not None}


def _improvement(old: Figures, new: Figures) -> float | None:
    if not old.total_return or new.total_return is None:
        return None
    return round((new.total_return - old.total_return) / abs(old.total_return) * 100, 6)


def _unknown(why: str, deltas: dict[str, float]) -> Comparison:
    return Comparison(
        decision="KEEP",
        confidence=0.0,
        profit_improvement=None,
        deltas=deltas,
        held={},
        recommendation=f"Keep the champion: {why}.",
    )


def _words(decision: Decision, held: Mapping[str, bool], trades: int) -> str:
    better = ", ".join(name for name, holds in held.items() if holds) or "nothing"
    worse = ", ".join(name for name, holds in held.items() if not holds) or "nothing"
    if decision == "PROMOTE":
        return f"Promote the challenger: it holds on {better}; it falls short on {worse}."
    if decision == "KEEP":
        return f"Keep the champion: the challenger falls short on {worse}."
    few = f", and {trades} trades are few" if trades < ENOUGH_TRADES else ""
    return f"Look closer: the challenger holds on {better} and falls short on {worse}{few}."
