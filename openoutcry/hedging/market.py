"""What the market says for and against a hedge, from the candles of spot and perpetual."""

from dataclasses import dataclass

import numpy as np

from openoutcry.hedging.costs import CarryCost
from openoutcry.hedging.target import HedgeTarget, depth_below, hedge_target
from openoutcry.indicators.catalogue import parse
from openoutcry.market.candles import Candles
from openoutcry.risk.correlation import correlation
from openoutcry.risk.pressure import unusual
from openoutcry.risk.returns import simple_returns

WINDOW = 1000
"""Bars every figure is computed from, so that an answer does not depend on how much history is stored."""
CORRELATED_BARS = 240


@dataclass(frozen=True, slots=True)
class HedgeMarket:
    """None where there is too little history. ``volatility`` is per bar over 48 bars, ``usual`` over 240;
    ``depth_atr`` how many ATR the price lies below its 50-bar EMA.

    ``correlation`` is of the two price series over the last 240 shared bars: near 1 when a hedge works.
    """

    volatility: float | None
    usual: float | None
    depth_atr: float | None
    correlation: float | None

    @property
    def profit_correlation(self) -> float | None:
        """Of the spot's profit with that of the short against it: near -1 when a hedge works."""
        return None if self.correlation is None else -self.correlation


def hedge_market(spot: Candles, perp: Candles) -> HedgeMarket:
    """From the last WINDOW bars of both series."""
    bars = spot[-WINDOW:]
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}

    def newest(name: str) -> float | None:
        values = parse(name).compute(columns)["value"]
        return float(values[-1]) if len(values) and np.isfinite(values[-1]) else None

    average, reach = newest("ema:50"), newest("atr:14")
    depth = None
    if average is not None and reach is not None:
        depth = depth_below(average, float(bars.close[-1]), reach)
    return HedgeMarket(newest("realized_vol:48"), newest("realized_vol:240"), depth, _alike(bars, perp))


def wanted(market: HedgeMarket, cost: CarryCost | None, *, held: float, most: float) -> HedgeTarget | None:
    """The ratio this market calls for; None while something it takes is unknown."""
    if market.volatility is None or market.usual is None or market.depth_atr is None or cost is None:
        return None
    return hedge_target(
        volatility_ratio=unusual(market.volatility, market.usual),
        depth_atr=market.depth_atr,
        burden_pct=cost.burden,
        held=held,
        most=most,
    )


def _alike(spot: Candles, perp: Candles) -> float | None:
    _, left, right = np.intersect1d(spot.timestamp, perp.timestamp, return_indices=True)
    closes = [
        series.close[places[-CORRELATED_BARS - 1 :]] for series, places in ((spot, left), (perp, right))
    ]
    return correlation(simple_returns(closes[0]), simple_returns(closes[1])) if len(closes[0]) > 2 else None
