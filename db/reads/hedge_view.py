"""How the sessions' spot is hedged, with the market behind each asset."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from db.candles import CandleReader, FundingSeries, Series
from openoutcry.hedging.analysis import HedgeAnalysis, Wish, analyse
from openoutcry.hedging.costs import CarryCost, basis_pct, carry_cost
from openoutcry.hedging.exposures import exposures
from openoutcry.hedging.market import WINDOW, HedgeMarket, hedge_market, wanted
from openoutcry.hedging.target import HedgeTarget
from openoutcry.market.candles import Candles
from openoutcry.risk.seen import Seen, together
from openoutcry.risk.session_book import SessionBook
from openoutcry.types.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class HedgeView:
    """The analysis, and by asset what stands behind it."""

    analysis: HedgeAnalysis
    markets: Mapping[str, HedgeMarket]
    costs: Mapping[str, CarryCost]
    targets: Mapping[str, HedgeTarget]


def hedge_view(reader: CandleReader, sessions: Sequence[Seen], ratio: float | None = None) -> HedgeView:
    """All assets held against one target ratio, by default the configured one."""
    settings = sessions[0].book.settings.hedging
    held = exposures(*together(sessions))
    markets: dict[str, HedgeMarket] = {}
    costs: dict[str, CarryCost] = {}
    targets: dict[str, HedgeTarget] = {}
    for exposure in held:
        seen = _holder(sessions, exposure.asset)
        pair = parse_symbol(seen.book.symbol)
        spot, perp = (_window(reader, seen, str(side)) for side in (pair.spot(), pair.perpetual()))
        markets[exposure.asset] = market = hedge_market(spot, perp)
        cost = cost_of(reader, seen.book, seen.prices, seen.book.as_of, seen.book.symbol)
        if cost is not None:
            costs[exposure.asset] = cost
        target = wanted(market, cost, held=exposure.hedge_ratio, most=settings.max_ratio)
        if target is not None:
            targets[exposure.asset] = target
    asked = settings.target_ratio if ratio is None else ratio
    wish = Wish({exposure.asset: asked for exposure in held}, costs)
    return HedgeView(analyse(held, wish, settings), markets, costs, targets)


def _holder(sessions: Sequence[Seen], asset: str) -> Seen:
    return next(
        s for s in sessions if any(parse_symbol(p.symbol).base == asset for p in s.book.portfolio.positions)
    )


def cost_of(
    reader: CandleReader, book: SessionBook, prices: Mapping[str, Decimal], as_of: datetime, symbol: str
) -> CarryCost | None:
    """What a short in a symbol's perpetual costs, from these prices and the last funding rate known at ``as_of``;
    None without a price of spot and perpetual.
    """
    pair = parse_symbol(symbol)
    spot, perp = str(pair.spot()), str(pair.perpetual())
    if spot not in prices or perp not in prices:
        return None
    rate = book.funding_rate if perp == book.hedge_symbol else None
    if rate is None:
        paid = reader.funding(FundingSeries(book.exchange, perp), as_of, 1)
        rate = float(paid.rate[-1]) if len(paid) else None
    return carry_cost(rate, basis_pct(float(prices[spot]), float(prices[perp])))


def _window(reader: CandleReader, seen: Seen, symbol: str) -> Candles:
    return reader.window(Series(seen.book.exchange, symbol, seen.book.timeframe), seen.book.as_of, WINDOW)
