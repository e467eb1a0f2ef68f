"""What a version's newest backtest or validation reached."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

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
OF_BACKTEST = """
SELECT v.id, j.result->'metrics' AS metrics FROM jobs j
JOIN strategies s ON s.org_id = j.org_id AND s.id::text = j.request->>'strategy_id'
JOIN strategy_versions v ON v.strategy_id = s.id AND v.version = j.request->>'version'
WHERE j.id = $1 AND j.kind = 'backtest' AND jsonb_typeof(j.result->'metrics') = 'object'
  AND v.content_hash = j.request->>'content_hash'
  AND (NOT v.body ? 'execution_config' OR
       (v.body->'execution_config') - 'initial_balance' = (j.request->'execution_config') - 'initial_balance')
"""


async def record_backtest(connection: Connection, job_id: UUID) -> StoredVersion | None:
    """Give a version the metrics of a completed backtest, if the job ran that very version, however much it began with.

    Another strategy's job, or one that changed parameters or execution, gives none.
    """
    rows = await fetch(connection, OF_BACKTEST, job_id)
    if not rows:
        return None
    by = By("backtest", f"job {job_id}")
    return await record_metrics(connection, rows[0]["id"], rows[0]["metrics"], "backtest", by)


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
