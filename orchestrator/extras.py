"""What the floor itself adds to a round's embedding: exposure, scores, funding and basis, before any outcome is known."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.hedging.costs import basis_pct
from openoutcry.hedging.exposures import AssetExposure, exposures
from openoutcry.portfolio import mark
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Snapshot
from openoutcry.types.record import Decision
from openoutcry.types.symbols import parse_symbol


def extras(
    snapshot: Snapshot, decision: Decision, portfolio: Portfolio, marks: Mapping[str, Decimal]
) -> dict[str, float | None]:
    """The floor's features by name (``openoutcry/context.py`` says what each means); None where unknown."""
    marked = mark(portfolio, marks)
    base = parse_symbol(snapshot.symbol).base
    held = next((e for e in exposures(portfolio, marks) if e.asset == base), AssetExposure(base))
    basis = None
    if snapshot.quote is not None and snapshot.hedge is not None:
        basis = basis_pct(float(snapshot.quote.price), float(snapshot.hedge.price))
    return {
        "hedge_ratio": held.hedge_ratio,
        "net_exposure": marked.net_exposure,
        "gross_exposure": marked.gross_exposure,
        "buy_score": decision.tally.scores.get("BUY", 0.0),
        "sell_score": decision.tally.scores.get("SELL", 0.0),
        "funding_rate": snapshot.funding_rate,
        "basis_pct": basis,
    }
