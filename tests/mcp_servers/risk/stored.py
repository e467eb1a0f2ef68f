"""A session in a real database: its first record, and a round in progress."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import asyncpg

from db import ledger, rounds, sessions
from openoutcry.ledger.facts import SessionFacts
from openoutcry.settings import Settings
from openoutcry.types.market import DataFault
from openoutcry.types.orders import Approved, OrderState, PlannedOrder
from openoutcry.types.record import CycleRecord
from tests.openoutcry.risk.books import AT, PERP, SPOT, holding, position, request
from tests.openoutcry.risk.scenes import snapshot
from wire.config import DEFAULT_ORG
from wire.tokens import RoundClaims

SESSION = UUID("33333333-3333-3333-3333-333333333333")
BEFORE = holding(position(SPOT, "LONG", 10))
DURING = holding(position(SPOT, "LONG", 7))
GUARD = request(
    "stop_loss", SPOT, "SELL", 10, "STOP_LOSS", stop_price=Decimal(95), reduce_only=True, oco_group="b"
)


def facts() -> SessionFacts:
    return SessionFacts(
        session_id=SESSION,
        org_id=UUID(DEFAULT_ORG),
        mode="PAPER",
        symbol=SPOT,
        hedge_symbol=PERP,
        exchange="binance",
        timeframe="1h",
        source="recorded",
        seed=7,
        initial_capital=Decimal(10_000),
        config_digest="c",
    )


def first_record(head: ledger.Head) -> CycleRecord:
    """The session opens, holds 10 BTC and has a stop working."""
    placed = OrderState(
        order_seq=0, leg="stop_loss", status="NEW", executed_quantity=Decimal(4), placed_at=AT
    )
    return CycleRecord(
        kind="OPEN",
        seq=0,
        as_of=AT,
        source="recorded",
        config_digest="c",
        orders=(PlannedOrder(request=GUARD, verdict=Approved(order_hash="h"), state=placed),),
        portfolio_before=holding(),
        portfolio_after=BEFORE,
        equity=Decimal(10_000),
        detail={"marks": {SPOT: "101", PERP: "102"}},
        prev_hash=head.hash,
    )


def claims(seq: int, org: str = DEFAULT_ORG) -> RoundClaims:
    return RoundClaims(
        session_id=str(SESSION),
        org_id=org,
        seq=seq,
        as_of=AT,
        source="recorded",
        timeframe="1h",
        symbols=(SPOT, PERP),
    )


async def write(pool: asyncpg.Pool) -> None:
    """Store the session, its first record, and round 1 as it was opened."""
    head = await sessions.create(pool, facts(), "run", Settings())
    await ledger.append(pool, first_record(head), facts(), head, committed_at=AT, timings={})
    fault = DataFault(symbol=PERP, kind="stale", detail="x")
    seen = snapshot(price=99, perp=None, faults=(fault,), funding_rate=0.0001)
    await rounds.open_round(pool, facts(), 1, AT + timedelta(hours=1), seen, DURING)
