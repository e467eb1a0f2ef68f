"""What hedging would have done to a spot position, bar by bar, with everything it costs.

One unit of the asset is bought at the first close and sold at the last; ``ratio`` units of its perpetual are sold against
it over the same time. A bar's return is its profit over the spot value at the bar's start, with and without the hedge, so
both are measured on what is hedged. Funding is exchanged at the close of the bar it falls into; fees and half the spread
are paid on both ends of both legs. Totals are fractions of the first spot value.
"""

from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles, FundingRates, Stamps
from openoutcry.risk.metrics import drawdown, volatility
from openoutcry.risk.returns import Floats, periods_per_year
from openoutcry.settings import VenueSettings
from openoutcry.types.timeframes import SECONDS

LEAST_BARS = 3


@dataclass(frozen=True, slots=True)
class Book:
    """One side of the comparison: volatility a year, total return after costs, deepest drawdown, of the first value."""

    volatility: float
    total_return: float
    max_drawdown: float


@dataclass(frozen=True, slots=True)
class HedgeStudy:
    """The unhedged and the hedged book over the bars both series share.

    ``reduction`` is the share of volatility the hedge took away; None of a market that did not move. ``funding`` is what
    the short received (negative = paid), ``basis`` what spot and perpetual drifting apart brought, ``costs`` fees and
    spread of the hedge alone.
    """

    bars: int
    ratio: float
    unhedged: Book
    hedged: Book
    reduction: float | None
    funding: float
    basis: float
    costs: float


def study_hedge(
    spot: Candles, perp: Candles, funding: FundingRates, *, timeframe: str, ratio: float, venue: VenueSettings
) -> HedgeStudy:
    """Compare the books. Raises DataUnavailable when the series share fewer than three bars."""
    stamps, left, right = np.intersect1d(spot.timestamp, perp.timestamp, return_indices=True)
    if len(stamps) < LEAST_BARS:
        raise DataUnavailable(f"the spot and the perpetual series share only {len(stamps)} bars")
    held, short = spot.close[left], perp.close[right]
    received = _received(funding, stamps + SECONDS[timeframe] * 1000, short) * ratio
    plain = np.diff(held)
    hedged = plain - ratio * np.diff(short) + received[1:]
    spot_cost, hedge_cost = (
        _cost(held, venue.taker_fee_bps, venue),
        ratio * _cost(short, venue.perp_taker_fee_bps, venue),
    )
    unit, periods = float(held[0]), periods_per_year(timeframe)
    alone = _book(plain, held, spot_cost, periods)
    covered = _book(hedged, held, spot_cost + hedge_cost, periods)
    return HedgeStudy(
        bars=len(stamps),
        ratio=ratio,
        unhedged=alone,
        hedged=covered,
        reduction=1.0 - covered.volatility / alone.volatility if alone.volatility > 0 else None,
        funding=float(received[1:].sum()) / unit,
        basis=ratio * (float(np.sum(plain)) - float(np.sum(np.diff(short)))) / unit,
        costs=hedge_cost / unit,
    )


def _book(profits: Floats, held: Floats, cost: float, periods: float) -> Book:
    unit = float(held[0])
    equity = np.concatenate((np.ones(1), 1.0 + np.cumsum(profits) / unit))
    return Book(
        volatility=volatility(profits / held[:-1], periods) or 0.0,
        total_return=float(equity[-1]) - 1.0 - cost / unit,
        max_drawdown=drawdown(equity).deepest,
    )


def _received(funding: FundingRates, closes: Stamps, short: Floats) -> Floats:
    """Funding per bar for one unit short: rate x price, to the bar whose close it reaches first."""
    paid = np.zeros(len(closes))
    bars = np.searchsorted(closes, funding.timestamp, side="left")
    within = (bars < len(closes)) & (bars > 0)
    np.add.at(paid, bars[within], funding.rate[within] * short[bars[within]])
    return paid


def _cost(prices: Floats, fee_bps: Decimal, venue: VenueSettings) -> float:
    """Taking liquidity with one unit at the first price and again at the last."""
    return float(prices[0] + prices[-1]) * (float(fee_bps) + float(venue.half_spread_bps)) / 10_000.0
