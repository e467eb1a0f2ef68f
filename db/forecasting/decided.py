"""The floor's newest decision on a symbol, and how those before it ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg
import msgspec

from db.candles import Series
from db.pool import fetch
from openoutcry.forecast.prediction import Decided

NEWEST = """
SELECT d.id, d.session_id, d.seq, d.decision, d.confidence, d.reasoning, d.model, d.source, d.created_at,
       s.exchange, s.symbol, s.timeframe
FROM decisions d JOIN sessions s ON s.id = d.session_id
WHERE d.org_id = $1 AND d.symbol = ANY($2::text[]) AND d.created_at <= $3
ORDER BY d.created_at DESC, s.started_at DESC, d.seq DESC LIMIT 1
"""
RECORDED = "SELECT body FROM cycles WHERE session_id = $1 AND seq = $2"
ENDED = """
SELECT confidence, outcome = 'SUCCESS' AS ended_well FROM decisions
WHERE org_id = $1 AND (decision = 'HOLD') = $2 AND outcome <> 'PENDING' AND outcome_known_at <= $3 AND created_at < $3
ORDER BY outcome_known_at DESC LIMIT 2000
"""
MODEL_CHARS = 120


class _Said(msgspec.Struct):
    entries_blocked: str | None
    size_factor: float
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None


class _Quote(msgspec.Struct):
    price: Decimal


class _Snapshot(msgspec.Struct):
    quote: _Quote | None = None


class _Record(msgspec.Struct):
    """What of a record's long body is wanted; the rest is skipped unread."""

    decision: _Said
    snapshot: _Snapshot


@dataclass(frozen=True, slots=True)
class Newest:
    """A decision's row, and the market its session trades."""

    id: UUID
    as_of: datetime
    series: Series
    row: Any


async def newest(pool: asyncpg.Pool, org_id: UUID, symbols: Sequence[str], as_of: datetime) -> Newest | None:
    """The newest decision on any of the symbols taken at ``as_of`` or before."""
    rows = await fetch(pool, NEWEST, org_id, list(symbols), as_of)
    if not rows:
        return None
    row = rows[0]
    series = Series(row["exchange"], row["symbol"], row["timeframe"])
    return Newest(row["id"], row["created_at"], series, row)


async def whole(pool: asyncpg.Pool, found: Newest) -> Decided:
    """The decision with what only its record says: levels, size and the price it was taken at."""
    row = found.row
    (recorded,) = await fetch(pool, RECORDED, row["session_id"], row["seq"])
    record = msgspec.json.decode(recorded["body"], type=_Record)
    said, quote = record.decision, record.snapshot.quote
    return Decided(
        id=str(row["id"]),
        as_of=row["created_at"],
        source=row["source"],
        action=row["decision"],
        confidence=row["confidence"],
        reasoning=row["reasoning"],
        minds=row["model"][:MODEL_CHARS],
        price=None if quote is None else quote.price,
        stop_loss=said.stop_loss,
        take_profit=said.take_profit,
        size_factor=said.size_factor,
        blocked=said.entries_blocked,
    )


async def ended_before(
    pool: asyncpg.Pool, org_id: UUID, *, hold: bool, as_of: datetime
) -> list[tuple[float, bool]]:
    """Confidence of the org's newest 2,000 decisions of this kind whose end was known then, and whether it was right."""
    rows = await fetch(pool, ENDED, org_id, hold, as_of)
    return [(row["confidence"], row["ended_well"]) for row in rows]
