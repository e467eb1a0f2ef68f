"""A hedge analysis in the shape of the hedging API."""

from collections.abc import Mapping
from typing import Any

from openoutcry.hedging.analysis import HedgeAnalysis
from openoutcry.hedging.costs import CarryCost
from openoutcry.hedging.market import HedgeMarket
from openoutcry.hedging.target import HedgeTarget


def analysis_shape(
    found: HedgeAnalysis,
    markets: Mapping[str, HedgeMarket],
    costs: Mapping[str, CarryCost],
    targets: Mapping[str, HedgeTarget],
) -> dict[str, Any]:
    """Exposures as fractions of the spot value: 0 = fully hedged, 1 = not at all, None without spot.

    ``risk_metrics.correlation`` is of the spot's profit with the short's, -1 for a perfect hedge: the mean over the
    assets where it is known. ``assets`` has what each costs, and the ratio the floor's own hedging voice would want.
    """
    known = [m.profit_correlation for m in markets.values() if m.profit_correlation is not None]
    return {
        "commentary": found.commentary,
        "adjustments": [
            {"asset": a.asset, "action": a.action, "priority": a.priority} for a in found.adjustments
        ],
        "current_net_exposure": found.current_net_exposure,
        "target_net_exposure": found.target_net_exposure,
        "risk_metrics": {
            "hedge_ratio": found.hedge_ratio,
            "correlation": sum(known) / len(known) if known else None,
        },
        "assets": {
            name: {
                "correlation": market.profit_correlation,
                "funding_cost_daily_pct": costs[name].funding_daily if name in costs else None,
                "basis_pct": costs[name].basis if name in costs else None,
                "wanted_by_vote": targets[name].ratio if name in targets else None,
            }
            for name, market in markets.items()
        },
    }
