"""Decisions and snapshots for the tests of plans."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from openoutcry.risk.plan import Plan, plan_orders
from openoutcry.types.market import Bar, Quote, Snapshot
from openoutcry.types.record import Decision, Tally
from tests.openoutcry.risk.books import AT, INSTRUMENTS, PERP, SPOT, holding, settings

TALLY = Tally(
    scores={}, weights=(), voters=2, quorum=2, consensus=1.0, min_consensus=0.6, rule="majority"
)  # nothing here reads it
ACTIONS = {"LONG": "BUY", "SHORT": "SELL", "FLAT": "SELL", "KEEP": "HOLD"}


def quote(symbol: str, price: Any) -> Quote:
    at = Decimal(str(price))
    bar = Bar(opened_at=AT - timedelta(hours=1), open=at, high=at, low=at, close=at, volume=Decimal(1))
    return Quote(symbol=symbol, price=at, bar=bar)


def snapshot(price: Any = 100, perp: Any = 100, **over: Any) -> Snapshot:
    known = {
        "symbol": SPOT,
        "hedge_symbol": PERP,
        "timeframe": "1h",
        "seq": 7,
        "as_of": AT,
        "source": "recorded",
        "quote": None if price is None else quote(SPOT, price),
        "hedge": None if perp is None else quote(PERP, perp),
        "data_digest": "d",
        **over,
    }
    return Snapshot(**known)


def decision(target: str, confidence: float = 1.0, **over: Any) -> Decision:
    known = {
        "action": ACTIONS[target],
        "confidence": confidence,
        "reasoning": "because",
        "tally": TALLY,
        **over,
    }
    return Decision(target=target, **known)


def plan(
    target: str, portfolio: Any = None, working: Any = (), told: Any = None, seen: Any = None, **over: Any
) -> Plan:
    horizons, standing = over.pop("horizons", None), over.pop("standing_hedge", None)
    return plan_orders(
        decision(target, **over),
        seen or snapshot(),
        portfolio or holding(),
        working,
        told or settings(),
        INSTRUMENTS,
        horizons,
        standing,
    )
