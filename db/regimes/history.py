"""Reading the regimes a market went through. ``as_of`` cuts: nothing that was confirmed later is seen."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.candles import Series
from db.pool import fetch
from openoutcry.regime.names import Regime

SPELLS = """
SELECT r.regime, r.confidence, r.started_at, CASE WHEN r.ended_at <= $6 THEN r.ended_at END AS ended_at, v.version
FROM regimes r JOIN model_versions v ON v.id = r.version_id
WHERE r.org_id = $1 AND r.exchange = $2 AND r.symbol = $3 AND r.timeframe = $4 AND r.started_at <= $6
    AND coalesce(r.ended_at, 'infinity') > $5
ORDER BY r.started_at
"""
CURRENT = """
SELECT t.closed_at, t.told, m.name AS model, v.version FROM regime_tracks t
JOIN model_versions v ON v.id = t.version_id JOIN models m ON m.id = v.model_id
WHERE t.org_id = $1 AND t.exchange = $2 AND t.symbol = $3 AND t.timeframe = $4
"""
FOLLOWED = """
SELECT exchange, symbol, timeframe FROM regime_tracks WHERE org_id = $1 ORDER BY exchange, symbol, timeframe
"""


@dataclass(frozen=True, slots=True)
class Spell:
    """A regime from its confirmation to that of the next; ``ended_at`` None while it lasts."""

    regime: Regime
    confidence: float
    started_at: datetime
    ended_at: datetime | None
    version: str


@dataclass(frozen=True, slots=True)
class Current:
    """What there is to say of a market at the last bar it was followed to, and by which version of which model."""

    closed_at: datetime
    told: dict[str, Any]
    model: str
    version: str


async def spells(
    pool: asyncpg.Pool, org_id: UUID, series: Series, *, since: datetime, as_of: datetime
) -> list[Spell]:
    """Regimes that lasted at some time after ``since``, as they were known at ``as_of``, oldest first."""
    rows = await fetch(pool, SPELLS, org_id, series.exchange, series.symbol, series.timeframe, since, as_of)
    return [Spell(**{field.name: row[field.name] for field in fields(Spell)}) for row in rows]


async def current(pool: asyncpg.Pool, org_id: UUID, series: Series) -> Current | None:
    """The newest bar of a market that was followed; None before the first."""
    rows = await fetch(pool, CURRENT, org_id, series.exchange, series.symbol, series.timeframe)
    return Current(**rows[0]) if rows else None


async def followed(pool: asyncpg.Pool, org_id: UUID) -> list[Series]:
    """Every market with a track."""
    return [Series(**row) for row in await fetch(pool, FOLLOWED, org_id)]
