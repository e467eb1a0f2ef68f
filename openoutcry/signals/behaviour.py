"""How a signal has behaved on past bars: how often it was true, in how long runs, and what the price did after."""

from dataclasses import dataclass

import numpy as np

from openoutcry.indicators.line import Mask
from openoutcry.market.candles import Candles


@dataclass(frozen=True, slots=True)
class Behaviour:
    """``occurrences`` are runs of true bars. The forward return of an occurrence is that of the close ``horizon`` bars
    after its first bar; its mean, median and share above 0 are None where no occurrence has so many bars after it.
    ``baseline_return`` is the mean over all bars. All returns are fractions."""

    bars: int
    true_bars: int
    share: float
    occurrences: int
    mean_run_bars: float | None
    first_ms: int | None
    last_ms: int | None
    horizon_bars: int
    measured: int
    mean_return: float | None
    median_return: float | None
    share_positive: float | None
    baseline_return: float | None


def behaviour(mask: Mask, candles: Candles, horizon: int) -> Behaviour:
    """The behaviour of a signal that was true at ``mask``, one value per bar of ``candles``."""
    bars, true = len(mask), int(mask.sum())
    starts = np.flatnonzero(mask & ~np.concatenate([[False], mask[:-1]]))
    known = starts[starts + horizon < bars]
    returns = candles.close[known + horizon] / candles.close[known] - 1.0
    every = candles.close[horizon:] / candles.close[: bars - horizon] - 1.0 if bars > horizon else returns[:0]
    return Behaviour(
        bars=bars,
        true_bars=true,
        share=true / bars if bars else 0.0,
        occurrences=len(starts),
        mean_run_bars=true / len(starts) if len(starts) else None,
        first_ms=int(candles.timestamp[starts[0]]) if len(starts) else None,
        last_ms=int(candles.timestamp[starts[-1]]) if len(starts) else None,
        horizon_bars=horizon,
        measured=len(known),
        mean_return=float(returns.mean()) if len(known) else None,
        median_return=float(np.median(returns)) if len(known) else None,
        share_positive=float((returns > 0).mean()) if len(known) else None,
        baseline_return=float(every.mean()) if len(every) else None,
    )
