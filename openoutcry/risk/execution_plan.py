"""Cutting an order into slices that follow the day's volume, with the cost and the risk of taking that long."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.market.candles import Candles
from openoutcry.risk.liquidity import Depth, Y, cost_of
from openoutcry.risk.returns import Floats

Urgency = Literal["low", "medium", "high"]
Strategy = Literal["immediate", "vwap", "twap"]
RATES: dict[Urgency, float] = {"low": 0.05, "medium": 0.1, "high": 0.25}
"""Share of the volume an order may be."""
MOST_HOURS = 7 * 24


@dataclass(frozen=True, slots=True)
class Slice:
    """What to trade in the ``hour``-th hour from now, and what that costs."""

    hour: int
    quantity: float
    participation: float
    impact_bps: float


@dataclass(frozen=True, slots=True)
class Plan:
    """``cost_bps`` of trading so, ``at_once_bps`` of not waiting; ``risk_bps`` is how far (one deviation) the price may
    move meanwhile, against what is left on average. ``complete``: all of it fits into a week.
    """

    strategy: Strategy
    rate: float
    hours: int
    slices: tuple[Slice, ...]
    cost_bps: float
    at_once_bps: float
    risk_bps: float
    complete: bool


def volume_by_hour(hourly: Candles) -> Floats | None:
    """Mean volume of each hour of the day (UTC), None where a whole day is not covered."""
    hours = (hourly.timestamp // 3_600_000) % 24
    counts = np.bincount(hours, minlength=24)
    if (counts == 0).any():
        return None
    means = np.bincount(hours, weights=hourly.volume, minlength=24) / counts
    return None if (means <= 0).any() else means


def plan(quantity: float, urgency: Urgency, depth: Depth, profile: Floats | None, first_hour: int) -> Plan:
    """Slices for ``quantity`` (base units) from ``first_hour`` (0-23, UTC) on. Without a volume profile hours are equal."""
    rate, at_once = RATES[urgency], cost_of(quantity, depth)
    every = (
        np.full(24, depth.volume_base / 24)
        if profile is None
        else profile * depth.volume_base / profile.sum()
    )
    left, slices = quantity, list[Slice]()
    for hour in range(MOST_HOURS):
        volume = float(every[(first_hour + hour) % 24])
        size = min(left, rate * volume)
        share = size / volume
        slices.append(Slice(hour, size, share, Y * depth.volatility / math.sqrt(24) * math.sqrt(share) * 1e4))
        left -= size
        if left <= quantity * 1e-12:
            break
    traded = math.fsum(one.quantity for one in slices)
    impact = math.fsum(one.quantity * one.impact_bps for one in slices) / traded
    hours = len(slices)
    return Plan(
        strategy="immediate" if hours == 1 else "twap" if profile is None else "vwap",
        rate=rate,
        hours=hours,
        slices=tuple(slices),
        cost_bps=impact + at_once.half_spread_bps,
        at_once_bps=at_once.total_bps,
        risk_bps=depth.volatility * math.sqrt(hours / 24 / 3) * 1e4 if hours > 1 else 0.0,
        complete=left <= quantity * 1e-12,
    )
