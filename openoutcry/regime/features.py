"""The features regimes are told by: four numbers a bar, each from the bars up to it.

    return_20       log return of 20 bars                                             the trend
    return_5        log return of 5 bars                                              the momentum within it
    volatility_20   root mean square of 20 log returns, a year of 365 days; its log   the roughness
    volume_5_60     mean volume of 5 bars over that of 60; its log                    the crowd

Each is then a moving z-score: over the 252 newest bars (60 at least), held within ±3. So a regime is rough or calm
against the market's own last 252 bars, at any price level, bar length and symbol.

Why these four: five states with full covariances take 5 x (4 + 10) numbers, which 500 bars can carry; longer lists
of overlapping windows nearly repeat each other, and a covariance that is nearly singular invents states. Trend and
roughness are what labels are read from.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.market.candles import Candles, Floats
from openoutcry.regime.rolling import moving_mean, moving_zscore
from openoutcry.types.timeframes import SECONDS

VERSION: Literal["regime-v1"] = "regime-v1"
NAMES = ("return_20", "return_5", "volatility_20", "volume_5_60")
TREND, ROUGHNESS = "return_20", "volatility_20"
"""The features that labels are read from, by name."""
LOGARITHMIC = frozenset({"volatility_20", "volume_5_60"})
YEAR_S = 365 * 86_400
SHORT, MIDDLE, LONG = 5, 20, 60
WINDOW, LEAST, CLIP = 252, 60, 3.0
MEMORY = LONG + WINDOW - 1
"""Bars that a row of features depends on, its own included."""
LEAST_BARS = LONG + LEAST - 1
"""Bars needed for a first row."""


@dataclass(frozen=True, slots=True)
class FeatureRows:
    """Features of ``n`` bars. ``raw`` by name in natural units (volatility annualised), ``rows`` standardised, (n, 4).

    A row with an unknown feature (too little history, a bar that is no number, a market that stands still) is NaN
    throughout. ``raw`` also has ``trend_strength``: the net move of 20 bars over the sum of their moves, 0 to 1.
    """

    raw: Mapping[str, Floats]
    rows: Floats


def feature_rows(candles: Candles, timeframe: str) -> FeatureRows:
    """The features of every bar, in ascending time; a bar that is missing is simply not there."""
    with np.errstate(all="ignore"):
        raw = _raw(candles, timeframe)
        columns = [np.log(raw[name]) if name in LOGARITHMIC else raw[name] for name in NAMES]
        scores = [moving_zscore(_finite(column), WINDOW, LEAST, CLIP) for column in columns]
    rows = np.column_stack(scores)
    rows[~np.isfinite(rows).all(axis=1)] = np.nan
    return FeatureRows(raw, rows)


def _raw(candles: Candles, timeframe: str) -> dict[str, Floats]:
    price = np.log(np.where(candles.close > 0, candles.close, np.nan))
    moves = np.diff(price, prepend=np.nan)
    net = _change(price, MIDDLE)
    per_bar = np.sqrt(moving_mean(moves * moves, MIDDLE))
    return {
        "return_20": net,
        "return_5": _change(price, SHORT),
        "volatility_20": per_bar * (YEAR_S / SECONDS[timeframe]) ** 0.5,
        "volume_5_60": moving_mean(candles.volume, SHORT) / moving_mean(candles.volume, LONG),
        "trend_strength": np.abs(net) / (MIDDLE * moving_mean(np.abs(moves), MIDDLE)),
    }


def _change(price: Floats, bars: int) -> Floats:
    out = np.full(len(price), np.nan)
    out[bars:] = price[bars:] - price[:-bars]
    return out


def _finite(column: Floats) -> Floats:
    return np.where(np.isfinite(column), column, np.nan)
