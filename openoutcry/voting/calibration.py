"""How far a stated confidence can be believed: scores of forecasts against what came (Brier 1950; Guo et al. 2017)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from openoutcry.proportion import wilson
from openoutcry.voting.hindsight import Judged

BINS = 10
EDGE = 1e-6
"""A certain forecast that was wrong costs log(1/EDGE), not infinity."""


@dataclass(frozen=True, slots=True)
class Bin:
    """Forecasts with a confidence in (``lower``, ``upper``] (the first has 0 too). Rates are None in an empty bin;
    ``low`` and ``high`` are the 95 % interval of ``accuracy``.
    """

    lower: float
    upper: float
    count: int
    mean_confidence: float | None
    accuracy: float | None
    low: float | None
    high: float | None


class Calibration(NamedTuple):
    """``brier_skill`` compares with always saying the share that was right; figures are None without a case."""

    cases: int
    accuracy: float | None
    brier: float | None
    brier_skill: float | None
    log_loss: float | None
    ece: float | None
    bins: tuple[Bin, ...]


def calibrate(judged: Sequence[Judged], bins: int = BINS) -> Calibration:
    """Score the confidences of votes whose end is known. ECE weighs each bin's |accuracy - confidence| by its count."""
    table = tuple(_bin(judged, number, bins) for number in range(bins))
    cases = len(judged)
    if cases == 0:
        return Calibration(0, None, None, None, None, None, table)
    share = sum(one.right for one in judged) / cases
    brier = math.fsum((one.confidence - one.right) ** 2 for one in judged) / cases
    spread = share * (1 - share)
    ece = math.fsum(
        row.count / cases * abs(row.accuracy - row.mean_confidence)
        for row in table
        if row.accuracy is not None and row.mean_confidence is not None
    )
    return Calibration(
        cases=cases,
        accuracy=share,
        brier=brier,
        brier_skill=1 - brier / spread if spread > 0 else None,
        log_loss=math.fsum(_surprise(one) for one in judged) / cases,
        ece=ece,
        bins=table,
    )


def _surprise(one: Judged) -> float:
    said = min(1 - EDGE, max(EDGE, one.confidence))
    return -math.log(said if one.right else 1 - said)


def _bin(judged: Sequence[Judged], number: int, bins: int) -> Bin:
    here = [one for one in judged if min(bins - 1, max(0, math.ceil(one.confidence * bins) - 1)) == number]
    lower, upper = number / bins, (number + 1) / bins
    interval = wilson(sum(one.right for one in here), len(here))
    if interval is None:
        return Bin(lower, upper, 0, None, None, None, None)
    confidence = math.fsum(one.confidence for one in here) / len(here)
    accuracy = sum(one.right for one in here) / len(here)
    return Bin(lower, upper, len(here), confidence, accuracy, *interval)
