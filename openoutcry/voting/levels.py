"""Protective prices, horizon and hedge ratio: medians and means over the votes that named one."""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import TypeVar

from openoutcry.voting.direction import DIGITS, Action
from openoutcry.voting.roll import Heard

T = TypeVar("T", int, Decimal)
DEFAULT_HORIZON_BARS = 24


def weighted_median(values: Sequence[tuple[T, float]]) -> T:
    """The smallest value at which half of the total weight is reached: always one that somebody named."""
    ranked = sorted(values)
    half = math.fsum(weight for _, weight in ranked) / 2
    for index in range(len(ranked)):
        if math.fsum(weight for _, weight in ranked[: index + 1]) >= half:
            return ranked[index][0]
    return ranked[-1][0]


def stop_loss(agreeing: Sequence[Heard], action: Action, price: Decimal) -> Decimal | None:
    """Median stop of the agreeing votes; one on the wrong side of ``price`` is not heard."""
    named = [(v.vote.stop_loss, v.strength) for v in agreeing if v.vote.stop_loss is not None]
    return _median_on_side(named, price, below=action == "BUY")


def take_profit(agreeing: Sequence[Heard], action: Action, price: Decimal) -> Decimal | None:
    """Median target of the agreeing votes; one on the wrong side of ``price`` is not heard."""
    named = [(v.vote.take_profit, v.strength) for v in agreeing if v.vote.take_profit is not None]
    return _median_on_side(named, price, below=action == "SELL")


def _median_on_side(named: Sequence[tuple[Decimal, float]], price: Decimal, *, below: bool) -> Decimal | None:
    sane = [(level, weight) for level, weight in named if (level < price if below else level > price)]
    return weighted_median(sane) if sane else None


def horizon(agreeing: Sequence[Heard]) -> int:
    """Median horizon of the agreeing votes, in bars."""
    return (
        weighted_median([(v.vote.horizon_bars, v.strength) for v in agreeing])
        if agreeing
        else DEFAULT_HORIZON_BARS
    )


def hedge_ratio(votes: Sequence[Heard], max_ratio: float) -> float | None:
    """Weighted mean of the hedge ratios asked for, clamped to [0, max_ratio]; None when nobody asked."""
    asked = [(v.vote.hedge_ratio, v.weight) for v in votes if v.vote.hedge_ratio is not None and v.weight > 0]
    if not asked:
        return None
    mean = math.fsum(ratio * weight for ratio, weight in asked) / math.fsum(weight for _, weight in asked)
    return round(min(max(mean, 0.0), max_ratio), DIGITS)
