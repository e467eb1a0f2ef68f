"""The forecast of one timeframe: the move expected, the band the price ends in four times of five, how sure its direction is.

mid            the price the model expects after ``horizon_bars``
low, high      the same with a tenth of the model's own misses so far beyond it on either side
direction      flat within a twentieth of the horizon's usual move, else up or down
confidence     up, down: how likely the price ends on that side, from the misses so far;
               flat: how likely it stays within one usual move
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import numpy as np

from openoutcry.errors import DataUnavailable
from openoutcry.forecast.turning import turning_prices
from openoutcry.forecast.validation import LEAST_MISSES, Validation, judge, rise_probability
from openoutcry.forecast.walk import Walk, walk_forward
from openoutcry.market.candles import Candles
from openoutcry.types.frozen import Frozen
from openoutcry.types.timeframes import SECONDS, from_millis

MODEL = "ridge-1"
HORIZONS: Mapping[str, int] = {"1h": 6, "4h": 6, "1d": 3}
"""Bars a forecast looks ahead. So few for days that 208 of them, the least there must be, still judge 20 forecasts."""
MOST_BARS = 5_000
"""Bars a model is fitted on and walks over."""
FLAT = 0.05
BEYOND = 0.1
"""The share of misses that lie beyond the band on either side."""
Direction = Literal["up", "down", "flat"]
Three = tuple[float, float, float]


class Target(Frozen):
    """Where the price may be at the horizon: the middle, and the band that held four of five times."""

    low: float
    mid: float
    high: float


class Forecast(Frozen):
    """What is expected of one timeframe. ``price`` is the close at ``as_of``; ``atr_pct`` ATR(14) in percent of it."""

    timeframe: str
    as_of: datetime
    price: float
    horizon_bars: int
    bars: int
    direction: Direction
    confidence: float
    predicted_change_pct: float
    price_target: Target
    support: Three
    resistance: Three
    supports_found: int
    resistances_found: int
    atr_pct: float
    validation: Validation


def forecast(candles: Candles, timeframe: str) -> Forecast:
    """The forecast at the close of the last bar. Raises DataUnavailable when there are too few bars to have been wrong."""
    bars, horizon, bar_ms = candles[-MOST_BARS:], HORIZONS[timeframe], SECONDS[timeframe] * 1000
    walk = walk_forward(bars.close, horizon)
    if walk is None or len(walk.bar) < LEAST_MISSES:
        raise DataUnavailable(f"too few closed {timeframe} bars to forecast and judge: {len(bars)}")
    price, turned = float(bars.close[-1]), turning_prices(bars)
    expected = walk.next_predicted
    direction = _direction(expected)
    return Forecast(
        timeframe=timeframe,
        as_of=from_millis(int(bars.timestamp[-1]) + bar_ms),
        price=price,
        horizon_bars=horizon,
        bars=len(bars),
        direction=direction,
        confidence=_confidence(walk, direction),
        predicted_change_pct=float(np.expm1(expected * walk.next_scale) * 100),
        price_target=_target(price, walk),
        support=turned.support,
        resistance=turned.resistance,
        supports_found=turned.supports_found,
        resistances_found=turned.resistances_found,
        atr_pct=turned.atr_share * 100,
        validation=judge(walk, bars.timestamp, bar_ms, horizon),
    )


def _direction(expected: float) -> Direction:
    if abs(expected) < FLAT:
        return "flat"
    return "up" if expected > 0 else "down"


def _confidence(walk: Walk, direction: Direction) -> float:
    if direction == "flat":
        within = np.count_nonzero(np.abs(walk.next_predicted + walk.missed) <= 1.0)
        return float((within + 0.5) / (len(walk.bar) + 1.0))
    rise = rise_probability(walk.missed, walk.next_predicted)
    return rise if direction == "up" else 1.0 - rise


def _target(price: float, walk: Walk) -> Target:
    ranked = np.sort(walk.missed)
    edge = max(int(BEYOND * (len(ranked) + 1)) - 1, 0)
    ends = walk.next_predicted + np.array([min(ranked[edge], 0.0), 0.0, max(ranked[-1 - edge], 0.0)])
    found = price * np.exp(ends * walk.next_scale)
    return Target(low=float(found[0]), mid=float(found[1]), high=float(found[2]))
