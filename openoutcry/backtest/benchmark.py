"""A run held against simply holding something: beta and alpha (Jensen 1968, without a risk-free rate) of daily returns."""

from dataclasses import dataclass

import numpy as np

from openoutcry.risk.metrics import deviation
from openoutcry.risk.returns import DAYS_PER_YEAR, Floats, simple_returns

DAY_MS = 86_400_000
LEAST = 3


@dataclass(frozen=True, slots=True)
class Against:
    """``alpha`` is a year's, ``days`` the daily returns both have. None where there are fewer than three, or where the
    benchmark does not move.
    """

    benchmark_return: float | None
    alpha: float | None
    beta: float | None
    days: int


def by_day(at_ms: Floats, values: Floats, days: Floats) -> Floats:
    """The last value known at the end of each day; NaN before the first."""
    places = np.searchsorted(at_ms, (days + 1) * DAY_MS, side="right") - 1
    return np.where(places >= 0, values[np.maximum(places, 0)], np.nan)


def against(equity_ms: Floats, equity: Floats, market_ms: Floats, closes: Floats) -> Against:
    """An equity curve against a market's closes, each at the times (UTC ms) it was known; ascending, not empty."""
    first, last = max(equity_ms[0], market_ms[0]), min(equity_ms[-1], market_ms[-1])
    inside = (market_ms >= first) & (market_ms <= last)
    held = float(closes[inside][-1] / closes[inside][0] - 1) if inside.sum() > 1 else None
    days = np.arange(-(-first // DAY_MS) - 1, last // DAY_MS)
    if len(days) < LEAST + 1:
        return Against(held, None, None, max(0, len(days) - 1))
    lines = [by_day(equity_ms, equity, days), by_day(market_ms, closes, days)]
    known = np.isfinite(lines[0]) & np.isfinite(lines[1]) & (lines[0] > 0)
    if known.sum() < LEAST + 1:
        return Against(held, None, None, max(0, int(known.sum()) - 1))
    mine, market = (simple_returns(line[known]) for line in lines)
    spread = deviation(market) or 0.0
    if spread <= 0:
        return Against(held, None, None, len(mine))
    beta = float(np.cov(mine, market, ddof=1)[0, 1] / spread**2)
    alpha = float((mine.mean() - beta * market.mean()) * DAYS_PER_YEAR)
    return Against(held, alpha, beta, len(mine))
