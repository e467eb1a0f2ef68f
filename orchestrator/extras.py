"""What the floor itself adds to a round's embedding: exposure, scores, funding and basis, before any outcome is known."""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.portfolio import mark
from openoutcry.types.book import Portfolio
from openoutcry.types.market import Snapshot
from openoutcry.types.record import Decision


def extras(
    snapshot: Snapshot, decision: Decision, portfolio: Portfolio, marks: Mapping[str, Decimal]
) -> dict[str, float | None]:
    """The floor's features by name (``openoutcry/context.py`` says what each means); None where unknown."""
    marked = mark(portfolio, marks)
    spot = sum(
        (p.quantity for p in portfolio.positions if p.symbol == snapshot.symbol and p.side == "LONG"),
        Decimal(0),
    )
    short = sum(
        (p.quantity for p in portfolio.positions if p.symbol == snapshot.hedge_symbol and p.side == "SHORT"),
        Decimal(0),
    )
    basis = None
    if snapshot.quote is not None and snapshot.hedge is not None:
        basis = float((snapshot.hedge.price / snapshot.quote.price - 1) * 100)
    return {
        "hedge_ratio": float(short / spot) if spot > 0 else 0.0,
        "net_exposure": marked.net_exposure,
        "gross_exposure": marked.gross_exposure,
        "buy_score": decision.tally.scores.get("BUY", 0.0),
        "sell_score": decision.tally.scores.get("SELL", 0.0),
        "funding_rate": snapshot.funding_rate,
        "basis_pct": basis,
    }
