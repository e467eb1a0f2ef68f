"""Tracks and the regimes they led to, written together: whoever else went on meanwhile wins, and nothing is doubled."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import asyncpg

from db.candles import Series
from db.pool import Connection, Row, fetch, retrying
from openoutcry.canonical import derived_id
from openoutcry.regime.confirmation import Confirmation
from openoutcry.regime.names import Regime
from openoutcry.regime.tracking import Track

MARKET = "org_id = $1 AND exchange = $2 AND symbol = $3 AND timeframe = $4"
LOAD = f"SELECT version_id, closed_at, track, told FROM regime_tracks WHERE {MARKET}"
BEGIN = """
INSERT INTO regime_tracks (org_id, exchange, symbol, timeframe, version_id, closed_at, track, told)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING 1
"""
GO_ON = f"""
UPDATE regime_tracks SET version_id = $5, closed_at = $6, track = $7, told = $8, updated_at = now()
WHERE {MARKET} AND closed_at = $9 AND version_id = $10 RETURNING 1
"""
END = f"UPDATE regimes SET ended_at = $5 WHERE {MARKET} AND ended_at IS NULL"
ADD = """
INSERT INTO regimes (id, org_id, exchange, symbol, timeframe, regime, confidence, started_at, version_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""


@dataclass(frozen=True, slots=True)
class StoredTrack:
    """How far a market was followed, by which version of its model; ``told`` is what there was to say at its last bar."""

    version_id: UUID
    closed_at: datetime
    track: Track
    told: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Beginning:
    """A regime that was confirmed at the close of a bar."""

    regime: Regime
    confidence: float
    at: datetime


async def load(pool: asyncpg.Pool, org_id: UUID, series: Series) -> StoredTrack | None:
    """Where a market's following stands; None before it began."""
    rows = await fetch(pool, LOAD, org_id, *_market(series))
    return _track_of(rows[0]) if rows else None


async def save(
    pool: asyncpg.Pool,
    org_id: UUID,
    series: Series,
    before: StoredTrack | None,
    after: StoredTrack,
    beginnings: Sequence[Beginning],
) -> bool:
    """Move the track on with the regimes that began on the way. False, and nothing done, if it is not at ``before``."""
    key = (org_id, *_market(series))
    values = (*key, after.version_id, after.closed_at, _plain(after.track), after.told)

    async def work(connection: Connection) -> bool:
        if before is None:
            moved = await connection.fetchval(BEGIN, *values)
        else:
            moved = await connection.fetchval(GO_ON, *values, before.closed_at, before.version_id)
        if moved is None:
            return False
        for one in beginnings:
            await connection.execute(END, *key, one.at)
            row_id = derived_id(org_id, "regime", *_market(series), one.at.isoformat())
            await connection.execute(
                ADD, row_id, *key, one.regime, min(one.confidence, 1.0), one.at, after.version_id
            )
        return True

    return await retrying(pool, work)


def _market(series: Series) -> tuple[str, str, str]:
    return series.exchange, series.symbol, series.timeframe


def _plain(track: Track) -> dict[str, Any]:
    state = track.confirmation
    return {"belief": list(track.belief), "regime": state.regime, "votes": list(state.votes)}


def _track_of(row: Row) -> StoredTrack:
    kept = row["track"]
    belief = tuple(float("-inf") if part is None else float(part) for part in kept["belief"])
    state = Confirmation(kept["regime"], tuple(cast("list[Regime | None]", kept["votes"])))
    return StoredTrack(row["version_id"], row["closed_at"], Track(belief, state), row["told"])
