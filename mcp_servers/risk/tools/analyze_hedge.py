"""How the spot position is hedged, what that costs, and how much should be."""

from db.candles import Series
from db.reads.hedge_view import cost_of
from mcp_servers.risk.deps import RiskDeps
from mcp_servers.risk.given import stored
from mcp_servers.risk.view import money, viewed
from mcp_servers.toolkit import Call, SymbolArg, TimeframeArg, ToolResult, tool
from openoutcry.hedging.analysis import Priority, Wish, analyse
from openoutcry.hedging.exposures import exposures
from openoutcry.hedging.market import WINDOW, hedge_market, wanted
from openoutcry.types.amounts import Amount
from openoutcry.types.frozen import Frozen
from openoutcry.types.symbols import parse_symbol


class AdjustmentView(Frozen):
    """``quantity`` in base units: positive is to be sold, negative bought back."""

    asset: str
    action: str
    priority: Priority
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
    market = hedge_market(
        stored(call, named, WINDOW), stored(call, Series(call.deps.exchange, perp, timeframe), WINDOW)
    )
    cost = cost_of(call.deps.reader, seen.book, seen.prices, call.as_of, spot)
    hedging = seen.book.settings.hedging
    target = wanted(market, cost, held=asset.hedge_ratio, most=hedging.max_ratio)
    ratio = asset.hedge_ratio if target is None else target.ratio
    held = tuple(e for e in exposures(seen.book.portfolio, seen.prices) if e.asset == asset.asset)
    wish = Wish({asset.asset: ratio}, {asset.asset: cost} if cost is not None else {})
    found = analyse(held, wish, hedging)
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
        correlation=market.correlation,
        funding_cost_daily_pct=None if cost is None else cost.funding_daily,
        basis_pct=None if cost is None else cost.basis,
        adjustments=[
            AdjustmentView(asset=a.asset, action=a.action, priority=a.priority, quantity=money(a.quantity))
            for a in found.adjustments
        ],
        commentary=found.commentary,
    )
