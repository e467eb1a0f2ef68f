"""Statistics by which real and synthetic candles are compared."""

from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Candles

YEAR_MS = 365.25 * 86_400_000


@dataclass(frozen=True, slots=True)
class Moments:
    """Kurtosis and annual volatility of log returns, memory of |return|, and volume against |return|."""

    kurtosis: float
    volatility: float
    memory_1: float
    memory_24: float
    volume_link: float
    range_ratio: float


def moments(bars: Candles) -> Moments:
    """The statistics of one series."""
    returns = np.diff(np.log(bars.close))
    size, step = np.abs(returns), float(np.median(np.diff(bars.timestamp)))

    def memory(lag: int) -> float:
        return float(np.corrcoef(size[:-lag], size[lag:])[0, 1])

    return Moments(
        kurtosis=float(((returns - returns.mean()) ** 4).mean() / returns.var() ** 2),
        volatility=float(returns.std() * (YEAR_MS / step) ** 0.5),
        memory_1=memory(1),
        memory_24=memory(24),
        volume_link=float(np.corrcoef(np.log(bars.volume[1:] + 1e-9), np.log(size + 1e-6))[0, 1]),
        range_ratio=float(np.log(bars.high / bars.low)[1:].mean() / size.mean()),
    )
