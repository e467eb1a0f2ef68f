"""Ensembles of agents: their signals as one, how well each did, and weights learned from that.

AlphaPulse's rules: strength of a direction = sum(confidence x weight) / sum(weight); the strongest is called if it reaches
0.05; target and stop are medians of those who agree. Score = 0.3 accuracy + 0.3 profit factor + 0.2 Sharpe ratio + 0.2 (1 -
drawdown); new weight = 0.7 old + 0.3 softmax(scores). What they leave open: the profit factor counts at most 3, the Sharpe
ratio (per vote) from -3 to 3.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, median, stdev
from typing import Literal

from openoutcry.errors import BadInput
from openoutcry.voting.hindsight import Judged

Call = Literal["buy", "sell", "hold", "short", "cover"]
Kind = Literal["weighted_voting", "soft_voting", "hard_voting"]
Metric = Literal["composite", "accuracy", "profit_factor", "sharpe_ratio"]
LEAST_STRENGTH, KEPT, CAP = 0.05, 0.7, 3.0


@dataclass(frozen=True, slots=True)
class Signal:
    """One agent's word on one symbol."""

    agent_id: str
    symbol: str
    direction: Call
    confidence: float
    target_price: float | None = None
    stop_loss: float | None = None


@dataclass(frozen=True, slots=True)
class Called:
    """The ensemble's word on a symbol: ``direction`` is hold where nothing reaches the least strength (``emitted`` False)."""

    symbol: str
    direction: Call
    strength: float
    emitted: bool
    strengths: Mapping[str, float]
    target_price: float | None
    stop_loss: float | None
    agreeing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """How an agent's judged votes did. ``profit_factor`` is None where nothing was lost, ``sharpe_ratio`` (per vote) where
    gains do not vary; ``max_drawdown`` is of the gains compounded one after another.
    """

    cases: int
    accuracy: float
    profit_factor: float | None
    sharpe_ratio: float | None
    max_drawdown: float
    total_gain: float
    score: float


def call(
    symbol: str,
    signals: Sequence[Signal],
    weights: Mapping[str, float],
    kind: Kind,
    least: float = LEAST_STRENGTH,
) -> Called:
    """One symbol's signals as one. Agents without a weight do not count. Ties go to the cautious: no call."""
    heard = [one for one in signals if one.symbol == symbol and weights.get(one.agent_id, 0.0) > 0]
    shares = {one.agent_id: weights[one.agent_id] if kind == "weighted_voting" else 1.0 for one in heard}
    total, strengths = math.fsum(shares.values()), dict[str, float]()
    for one in heard:
        part = shares[one.agent_id] * (1.0 if kind == "hard_voting" else one.confidence) / total
        strengths[one.direction] = strengths.get(one.direction, 0.0) + part
    ranked = sorted(strengths.items(), key=lambda item: (-item[1], item[0]))
    tied = len(ranked) > 1 and math.isclose(ranked[0][1], ranked[1][1], rel_tol=1e-12)
    if not ranked or tied or ranked[0][1] < least:
        strongest = ranked[0][1] if ranked else 0.0
        return Called(symbol, "hold", strongest, False, strengths, None, None, ())
    agreeing = [one for one in heard if one.direction == ranked[0][0]]
    targets = [one.target_price for one in agreeing if one.target_price is not None]
    stops = [one.stop_loss for one in agreeing if one.stop_loss is not None]
    return Called(
        symbol=symbol,
        direction=agreeing[0].direction,
        strength=ranked[0][1],
        emitted=True,
        strengths=strengths,
        target_price=median(targets) if targets else None,
        stop_loss=median(stops) if stops else None,
        agreeing=tuple(sorted(one.agent_id for one in agreeing)),
    )


def standing(judged: Sequence[Judged]) -> Standing | None:
    """How votes did, in the order their ends became known; None without one."""
    if not judged:
        return None
    gains = [one.gain for one in judged]
    won, lost = math.fsum(g for g in gains if g > 0), -math.fsum(g for g in gains if g < 0)
    factor = won / lost if lost > 0 else None
    spread = stdev(gains) if len(gains) > 1 else 0.0
    ratio = mean(gains) / spread if spread > 0 else None
    value = peak = 1.0
    deepest = 0.0
    for gain in gains:
        value *= max(0.0, 1.0 + gain)
        peak = max(peak, value)
        deepest = max(deepest, 1.0 - value / peak)
    accuracy = sum(one.right for one in judged) / len(judged)
    bounded = (CAP if won > 0 else 0.0) if factor is None else min(CAP, factor)
    score = 0.3 * accuracy + 0.3 * bounded + 0.2 * max(-CAP, min(CAP, ratio or 0.0)) + 0.2 * (1.0 - deepest)
    return Standing(len(judged), accuracy, factor, ratio, deepest, value - 1.0, score)


def learned(
    weights: Mapping[str, float], standings: Mapping[str, Standing | None], metric: Metric
) -> dict[str, float]:
    """Weights that add up to 1. An agent of whose votes nothing is known yet keeps its share. Raises BadInput without any
    agent, or without any that can be scored.
    """
    total = math.fsum(weights.values())
    if total <= 0:
        raise BadInput("weights: the ensemble has no agent with a weight", field="id")
    old = {name: weight / total for name, weight in weights.items()}
    scores = {name: _score(found, metric) for name, found in standings.items() if found and name in old}
    if not scores:
        raise BadInput("none of the ensemble's agents has a vote whose end is known", field="lookback_days")
    highest = max(scores.values())
    powers = {name: math.exp(score - highest) for name, score in scores.items()}
    whole, share = math.fsum(powers.values()), math.fsum(old[name] for name in scores)
    return {
        name: KEPT * weight + (1 - KEPT) * share * powers[name] / whole if name in scores else weight
        for name, weight in old.items()
    }


def _score(found: Standing, metric: Metric) -> float:
    if metric == "accuracy":
        return found.accuracy
    if metric == "profit_factor":
        return CAP if found.profit_factor is None else min(CAP, found.profit_factor)
    if metric == "sharpe_ratio":
        return max(-CAP, min(CAP, found.sharpe_ratio or 0.0))
    return found.score
