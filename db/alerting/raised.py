"""Alerts: raised with their event in one transaction, listed, acknowledged."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db.alerting.rules import STAND, StoredRule
from db.feed import append_events
from db.pool import Row, fetch
from openoutcry.alerts.deciding import Standing
from openoutcry.canonical import derived_id
from openoutcry.ledger.announce import Event

COLUMNS = "id, title, message, severity, source, value, tags, deliveries, created_at, acknowledged_at, acknowledged_by"
RAISE = """
INSERT INTO alerts (id, org_id, rule_id, title, message, severity, source, value, tags, created_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
"""
LIST = f"""
SELECT {COLUMNS} FROM alerts
WHERE org_id = $1 AND created_at >= $2 AND ($3::timestamptz IS NULL OR created_at <= $3)
    AND ($4::text IS NULL OR severity = $4) AND ($5::text IS NULL OR source = $5)
    AND ($6::boolean IS NULL OR (acknowledged_at IS NOT NULL) = $6)
ORDER BY created_at DESC, id LIMIT $7
"""
ACKNOWLEDGE = f"""
UPDATE alerts SET acknowledged_at = $3, acknowledged_by = $4
WHERE org_id = $1 AND id = $2 AND acknowledged_at IS NULL RETURNING {COLUMNS}
"""
DELIVERED = "UPDATE alerts SET deliveries = deliveries || $3 WHERE org_id = $1 AND id = $2"


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert as it was raised."""

    id: UUID
    org_id: UUID
    title: str
    message: str
    severity: str
    source: str
    value: float
    tags: tuple[str, ...]
    created_at: datetime


async def stand(pool: asyncpg.Pool, org_id: UUID, rule_id: UUID, standing: Standing) -> None:
    """Remember where a rule stands."""
    await pool.execute(STAND, org_id, rule_id, standing.armed, standing.last_triggered_at)


async def raise_alert(
    pool: asyncpg.Pool, org_id: UUID, stored: StoredRule, standing: Standing, value: float, now: datetime
) -> Raised:
    """The alert, its event and where its rule stands now, all or nothing."""
    rule = stored.rule
    made = Raised(
        id=derived_id(stored.id, "alert", now.isoformat()),
        org_id=org_id,
        title=f"{rule.metric_name} Alert",
        message=rule.message(value),
        severity=rule.severity,
        source=rule.metric_name,
        value=value,
        tags=(rule.metric_name, rule.severity),
        created_at=now,
    )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            RAISE, made.id, org_id, stored.id, made.title, made.message, made.severity, made.source, value,
            list(made.tags), now,
        )  # fmt: skip
        await connection.execute(STAND, org_id, stored.id, standing.armed, standing.last_triggered_at)
        await append_events(connection, org_id, [Event("new_alert", said(made), now)])
    return made


def said(alert: Raised) -> dict[str, object]:
    """An alert's event data."""
    return {
        "id": str(alert.id),
        "title": alert.title,
        "severity": alert.severity,
        "message": alert.message,
        "source": alert.source,
        "value": alert.value,
        "tags": list(alert.tags),
        "timestamp": alert.created_at.isoformat().replace("+00:00", "Z"),
    }


async def list_alerts(
    pool: asyncpg.Pool,
    org_id: UUID,
    *,
    since: datetime,
    until: datetime | None = None,
    severity: str | None = None,
    source: str | None = None,
    acknowledged: bool | None = None,
    limit: int = 1000,
) -> list[Row]:
    """Alerts, newest first; the filters combine."""
    return await fetch(pool, LIST, org_id, since, until, severity, source, acknowledged, limit)


async def acknowledge(pool: asyncpg.Pool, org_id: UUID, alert_id: UUID, by: str, now: datetime) -> Row | None:
    """Somebody has seen it; None when there is no such alert or somebody had seen it already."""
    rows = await fetch(pool, ACKNOWLEDGE, org_id, alert_id, now, by)
    return rows[0] if rows else None


async def delivered(pool: asyncpg.Pool, org_id: UUID, alert_id: UUID, outcome: dict[str, str]) -> None:
    """What became of the notifiers' messages."""
    await pool.execute(DELIVERED, org_id, alert_id, outcome)
