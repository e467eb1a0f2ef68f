"""What a version's newest backtest or validation reached."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch
from db.strategies.history import By, note
from db.strategies.rows import VERSION, MetricsFrom, StoredVersion, version_of
from openoutcry.errors import NotFound
from openoutcry.strategy.figures import Figures
from openoutcry.strategy.ranking import composite

SET = f"""
UPDATE strategy_versions SET metrics = $2, metrics_from = $3, metrics_at = now(), score = $4, total_return = $5,
    sharpe_ratio = $6, max_drawdown = $7, trades = $8
WHERE id = $1 RETURNING {VERSION}
"""
ID = """
SELECT v.id FROM strategy_versions v JOIN strategies s ON s.id = v.strategy_id
WHERE s.org_id = $1 AND s.name = $2 AND v.version = $3
"""


async def record_metrics(
    connection: Connection, version_id: UUID, metrics: Mapping[str, Any], source: MetricsFrom, by: By
) -> StoredVersion:
    """Store a version's newest metrics and the score that follows from them. Raises NotFound."""
    figures, score = Figures.of(metrics), composite(metrics)
    rows = await fetch(
        connection,
        SET,
        version_id,
        dict(metrics),
        source,
        score.composite_score,
        figures.total_return,
        figures.sharpe_ratio,
        figures.max_drawdown,
        figures.trades,
    )
    if not rows:
        raise NotFound(f"there is no version {version_id} of a strategy")
    stored = version_of(rows[0])
    told = {"from": source, "score": score.composite_score, **figures.model_dump(exclude_none=True)}
    await note(connection, stored.strategy_id, by, "metrics", None, told, version=stored.version)
    return stored


async def version_id(pool: asyncpg.Pool, org_id: UUID, name: str, version: str) -> UUID | None:
    """The id of a registered version, by the names a backtest request has."""
    found: UUID | None = await pool.fetchval(ID, org_id, name, version.removeprefix("v"))
    return found
