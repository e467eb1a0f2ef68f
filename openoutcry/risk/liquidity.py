"""How much of an asset can be traded at what cost, from its stored candles alone.

- Impact: the square-root law, Y x sigma x sqrt(Q / V) with Y = 1 (Almgren, Thum, Hauptmann, Li 2005; Toth et al. 2011):
  sigma a day's volatility, V a day's volume. It is the mean cost of the whole order against the price before it.
- Spread: Corwin and Schultz (2012) from highs and lows; days on which it comes out negative count as zero.
- Illiquidity: Amihud (2002), mean |return| per unit of quote volume.
"""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.risk.metrics import deviation
from openoutcry.risk.returns import Floats, simple_returns

Y = 1.0
DAYS = 30
LEAST_DAYS = 5
Level = Literal["high", "medium", "low"]
DEEP, SHALLOW = 0.01, 0.1
"""Share of a day's volume up to which an order meets high liquidity, and beyond which it meets low."""


@dataclass(frozen=True, slots=True)
class Depth:
    """An asset's market over ``days`` daily bars. Volumes are a day's mean, ``volatility`` a day's; ``spread_bps`` is the
    whole spread; ``volume_percentile`` the share of days with less volume than the last.
    """

    days: int
    price: float
    volume_base: float
    volume_quote: float
    volatility: float
    spread_bps: float
    amihud: float
    volume_percentile: float


@dataclass(frozen=True, slots=True)
class Cost:
    """Of an order of ``quantity``: in basis points of its value, and in quote units. ``days`` to trade it at a tenth of the
    volume.
    """

    quantity: float
    notional: float
    participation: float
    impact_bps: float
    half_spread_bps: float
    total_bps: float
    cost: float
    days: float
    liquidity: Level


def measure(daily: Candles) -> Depth:
    """Of the last DAYS daily bars. Raises BadInput with fewer than LEAST_DAYS, or where nothing was traded."""
    bars = daily[-DAYS - 1 :]
    if len(bars) < LEAST_DAYS + 1:
        raise BadInput(
            f"symbol: {len(bars)} daily bars are stored, {LEAST_DAYS + 1} are needed", field="symbol"
        )
    returns, traded = simple_returns(bars.close), bars.volume[1:]
    quote = traded * bars.close[1:]
    if traded.sum() <= 0:
        raise BadInput("symbol: no volume is stored", field="symbol")
    busy = quote > 0
    return Depth(
        days=len(returns),
        price=float(bars.close[-1]),
        volume_base=float(traded.mean()),
        volume_quote=float(quote.mean()),
        volatility=deviation(returns) or 0.0,
        spread_bps=float(corwin_schultz(bars.high, bars.low).mean() * 1e4),
        amihud=float((np.abs(returns[busy]) / quote[busy]).mean()),
        volume_percentile=float((traded[:-1] < traded[-1]).mean()),
    )


def corwin_schultz(high: Floats, low: Floats) -> Floats:
    """The spread as a fraction of the price, one value for each pair of days, not below zero."""
    ranges = np.log(high / low) ** 2
    beta = ranges[1:] + ranges[:-1]
    gamma = np.log(np.maximum(high[1:], high[:-1]) / np.minimum(low[1:], low[:-1])) ** 2
    scale = 3 - 2 * math.sqrt(2)
    alpha = (np.sqrt(2 * beta) - np.sqrt(beta)) / scale - np.sqrt(gamma / scale)
    return np.asarray(np.maximum(0.0, 2 * (np.exp(alpha) - 1) / (1 + np.exp(alpha))))


def cost_of(quantity: float, depth: Depth) -> Cost:
    """What trading ``quantity`` (base units, positive) at once would cost."""
    share = quantity / depth.volume_base
    impact, spread = Y * depth.volatility * math.sqrt(share) * 1e4, depth.spread_bps / 2
    notional = quantity * depth.price
    return Cost(
        quantity=quantity,
        notional=notional,
        participation=share,
        impact_bps=impact,
        half_spread_bps=spread,
        total_bps=impact + spread,
        cost=notional * (impact + spread) / 1e4,
        days=share / SHALLOW,
        liquidity="high" if share <= DEEP else "medium" if share <= SHALLOW else "low",
    )


def stressed(depth: Depth, volume_drop: float, volatility_factor: float) -> Depth:
    """The same market with a share of its volume gone and moving so many times as much; spreads widen with it."""
    kept = 1.0 - volume_drop
    return Depth(
        days=depth.days,
        price=depth.price,
        volume_base=depth.volume_base * kept,
        volume_quote=depth.volume_quote * kept,
        volatility=depth.volatility * volatility_factor,
        spread_bps=depth.spread_bps * volatility_factor,
        amihud=depth.amihud * volatility_factor / kept,
        volume_percentile=depth.volume_percentile,
    )
