"""How the spot position is hedged, what that costs, and how much should be."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from db.candles import FundingSeries, Series
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import stored
from mcp_servers.risk.view import View, money, viewed
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.hedging.analysis import HedgeAnalysis, analyse
from openoutcry.hedging.costs import CarryCost, carry_cost
from openoutcry.hedging.exposures import exposures
from openoutcry.hedging.target import HedgeTarget, hedge_target
from openoutcry.indicators.catalogue import parse
from openoutcry.market.candles import Candles
from openoutcry.risk.concentration import correlation
from openoutcry.risk.returns import simple_returns
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol

WINDOW = 1000
"""Bars every figure is computed from, so that an answer does not depend on how much history is stored."""
CORRELATED_BARS = 240


class AdjustmentView(Frozen):
    """``quantity`` in base units: positive is to be sold, negative bought back."""

    asset: str
    action: str
    priority: Literal["HIGH", "MEDIUM"]
    quantity: Amount


class HedgeReport(ToolResult):
    """Exposures are fractions of equity. Costs are per cent of the short's value, negative = income, null =
    unknown.

    ``volatility`` is per bar over 48 bars. ``target_hedge_ratio`` and the stresses (0 to 1) behind it are
    null while there is too little history; then no change but closing an orphaned hedge is proposed.
    """

    symbol: str
    hedge_symbol: str
    timeframe: str
    net_exposure: float | None
    target_net_exposure: float | None
    spot_value: Amount
    perp_value: Amount
    hedge_ratio: float
    target_hedge_ratio: float | None
    volatility: float | None
    volatility_stress: float | None
    trend_stress: float | None
    correlation: float | None
    funding_cost_daily_pct: float | None
    basis_pct: float | None
    adjustments: list[AdjustmentView]
    commentary: str


@dataclass(frozen=True, slots=True)
class _Market:
    """What the target needs to know of the spot series; None where there is too little history."""

    volatility: float | None
    usual: float | None
    depth_atr: float | None


@tool(scope="risk:read", read_only=True)
async def analyze_hedge(call: Call[RiskDeps], symbol: SymbolArg, timeframe: TimeframeArg) -> HedgeReport:
    """Net exposure, hedge ratio (1.0 = fully hedged), carrying cost, the ratio wanted, and the changes it
    takes.
    """
    pair = parse_symbol(symbol)
    spot, perp = str(pair.spot()), str(pair.perpetual())
    seen = await viewed(call, symbol)
    asset = seen.asset(spot)
    named = Series(call.deps.exchange, spot, timeframe)
    bars, others = (
        stored(call, named, WINDOW),
        stored(call, Series(call.deps.exchange, perp, timeframe), WINDOW),
    )
    market, cost = _market(bars), _cost(call, seen, spot, perp)
    target = _target(seen, market, cost, asset.hedge_ratio)
    ratio = asset.hedge_ratio if target is None else target.ratio
    held = tuple(e for e in exposures(seen.book.portfolio, seen.prices) if e.asset == asset.asset)
    found: HedgeAnalysis = analyse(held, {asset.asset: ratio})
    equity = seen.marked.equity
    return HedgeReport(
        as_of=call.as_of,
        source=call.source,
        stale=seen.stale,
        symbol=spot,
        hedge_symbol=perp,
        timeframe=named.timeframe,
        net_exposure=float(found.current_net / equity) if equity > 0 else None,
        target_net_exposure=float(found.target_net / equity) if equity > 0 else None,
        spot_value=money(asset.spot_value),
        perp_value=money(asset.perp_value),
        hedge_ratio=asset.hedge_ratio,
        target_hedge_ratio=None if target is None else target.ratio,
        volatility=market.volatility,
        volatility_stress=None if target is None else target.volatility_stress,
        trend_stress=None if target is None else target.trend_stress,
        correlation=_correlation(bars, others),
        funding_cost_daily_pct=None if cost is None else cost.funding_daily,
        basis_pct=None if cost is None else cost.basis,
        adjustments=[
            AdjustmentView(asset=a.asset, action=a.action, priority=a.priority, quantity=money(a.quantity))
            for a in found.adjustments
        ],
        commentary=found.commentary,
    )


def _market(bars: Candles) -> _Market:
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}

    def newest(name: str) -> float | None:
        values = parse(name).compute(columns)["value"]
        return float(values[-1]) if len(values) and np.isfinite(values[-1]) else None

    average, reach = newest("ema:50"), newest("atr:14")
    known = average is not None and reach is not None and reach > 0
    depth = (average - float(bars.close[-1])) / reach if known else None  # type: ignore[operator]
    return _Market(newest("realized_vol:48"), newest("realized_vol:240"), depth)


def _cost(call: Call[RiskDeps], seen: View, spot: str, perp: str) -> CarryCost | None:
    """From the round's prices and the last funding rate known at ``as_of``; None without a price of both."""
    if spot not in seen.prices or perp not in seen.prices:
        return None
    rate = seen.book.funding_rate
    if rate is None:
        paid = call.deps.reader.funding(FundingSeries(call.deps.exchange, perp), call.as_of, 1)
        rate = float(paid.rate[-1]) if len(paid) else None
    return carry_cost(rate, float(seen.prices[spot]), float(seen.prices[perp]))


def _target(seen: View, market: _Market, cost: CarryCost | None, held: float) -> HedgeTarget | None:
    if market.volatility is None or market.usual is None or market.depth_atr is None or cost is None:
        return None
    return hedge_target(
        volatility_ratio=market.volatility / market.usual if market.usual > 0 else 0.0,
        depth_atr=market.depth_atr,
        burden_pct=cost.burden,
        held=held,
        most=seen.book.settings.hedging.max_ratio,
    )


def _correlation(spot: Candles, perp: Candles) -> float | None:
    """Of the bar returns of both series over the bars they share."""
    _, left, right = np.intersect1d(spot.timestamp, perp.timestamp, return_indices=True)
    closes = [
        series.close[places[-CORRELATED_BARS - 1 :]] for series, places in ((spot, left), (perp, right))
    ]
    return correlation(simple_returns(closes[0]), simple_returns(closes[1])) if len(closes[0]) > 2 else None
