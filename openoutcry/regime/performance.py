"""What a market did while it was in a regime: returns of its bars inside the spells, and figures of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from openoutcry.market.candles import Candles
from openoutcry.risk.metrics import annual_return, deepest_fall, sharpe, volatility
from openoutcry.risk.returns import Floats, periods_per_year, simple_returns

ROUGH_BARS = 20
ROUGH_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Performance:
    """Of ``bars`` returns put end to end. ``average_return``, ``volatility`` and ``sharpe_ratio`` are a year's,
    ``max_drawdown`` is positive, ``win_rate`` the share of bars that rose. None without a bar.
    """

    bars: int
    average_return: float | None
    volatility: float | None
    sharpe_ratio: float | None
    max_drawdown: float | None
    win_rate: float | None


def within(candles: Candles, bar_ms: int, spells: Sequence[tuple[int, int]]) -> NDArray[np.bool_]:
    """Which returns (one fewer than bars) fall into a spell: those of bars that opened at or after its start and closed
    by its end (ms).
    """
    opened = candles.timestamp[1:]
    closed = opened + bar_ms
    mask = np.zeros(len(opened), dtype=np.bool_)
    for start, end in spells:
        mask |= (opened >= start) & (closed <= end)
    return mask


def rough(candles: Candles) -> NDArray[np.bool_]:
    """Which returns came while the market was rough: the deviation of the 20 returns before each was above three quarters
    of those known until then. Nothing of the return itself or after it is looked at.
    """
    returns = simple_returns(candles.close)
    mask = np.zeros(len(returns), dtype=np.bool_)
    if len(returns) <= ROUGH_BARS:
        return mask
    windows = np.lib.stride_tricks.sliding_window_view(returns, ROUGH_BARS)[:-1]
    spread = windows.std(axis=1, ddof=1)
    seen: list[float] = []
    for place, value in enumerate(spread):
        if len(seen) >= ROUGH_BARS:
            mask[place + ROUGH_BARS] = np.searchsorted(seen, value) > ROUGH_SHARE * len(seen)
        seen.insert(int(np.searchsorted(seen, value)), float(value))
    return mask


def performance(candles: Candles, mask: NDArray[np.bool_], timeframe: str) -> Performance:
    """Figures of the marked returns of a series."""
    marked: Floats = simple_returns(candles.close)[mask] if len(candles) > 1 else np.zeros(0)
    if not len(marked):
        return Performance(0, None, None, None, None, None)
    periods = periods_per_year(timeframe)
    return Performance(
        bars=len(marked),
        average_return=annual_return(marked, periods),
        volatility=volatility(marked, periods),
        sharpe_ratio=sharpe(marked, periods),
        max_drawdown=deepest_fall(marked),
        win_rate=float((marked > 0).mean()),
    )
