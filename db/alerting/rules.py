"""An org's alert rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Row, fetch
from openoutcry.alerts.condition import read_condition
from openoutcry.alerts.deciding import Standing
from openoutcry.alerts.rule import Rule, starting_rules
from openoutcry.canonical import derived_id
from openoutcry.errors import Conflict

NAMES = "name, description, metric_name, condition, severity, message_template, channels, cooldown_period, hysteresis, enabled"
COLUMNS = f"id, {NAMES}, armed, last_triggered_at, created_at"
LIST = f"SELECT {COLUMNS} FROM alert_rules WHERE org_id = $1 ORDER BY created_at, name"
GET = f"SELECT {COLUMNS} FROM alert_rules WHERE org_id = $1 AND id = $2"
ADD = f"""
INSERT INTO alert_rules (id, org_id, {NAMES}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
RETURNING {COLUMNS}
"""
COUNT = "SELECT count(*) FROM alert_rules WHERE org_id = $1"
CHANGE = f"""
UPDATE alert_rules SET ({NAMES}) = ($3, $4, $5, $6, $7, $8, $9, $10, $11, $12),
    armed = armed OR metric_name <> $5 OR condition <> $6
WHERE id = $1 AND org_id = $2 RETURNING {COLUMNS}
"""
DROP = "DELETE FROM alert_rules WHERE org_id = $1 AND id = $2 RETURNING id"
STAND = "UPDATE alert_rules SET armed = $3, last_triggered_at = $4 WHERE org_id = $1 AND id = $2"
BEGIN = "UPDATE orgs SET alert_rules_at = now() WHERE id = $1 AND alert_rules_at IS NULL RETURNING id"
MOST = 200
"""Rules an org may have."""


@dataclass(frozen=True, slots=True)
class StoredRule:
    """A rule, its id, and where it stands."""

    id: UUID
    rule: Rule
    standing: Standing
    created_at: datetime


async def begin(pool: asyncpg.Pool, org_id: UUID) -> None:
    """Give the org the rules everybody starts with, once."""
    async with pool.acquire() as connection, connection.transaction():
        if await connection.fetchval(BEGIN, org_id) is None:
            return
        for rule in starting_rules():
            rule_id = derived_id(org_id, "alert_rule", rule.name)
            await connection.execute(ADD, rule_id, org_id, *_values(rule))


async def list_rules(pool: asyncpg.Pool, org_id: UUID) -> list[StoredRule]:
    """Every rule of the org, oldest first."""
    return [_stored(row) for row in await fetch(pool, LIST, org_id)]


async def get_rule(pool: asyncpg.Pool, org_id: UUID, rule_id: UUID) -> StoredRule | None:
    """One of them."""
    rows = await fetch(pool, GET, org_id, rule_id)
    return _stored(rows[0]) if rows else None


async def add_rule(pool: asyncpg.Pool, org_id: UUID, rule_id: UUID, rule: Rule) -> StoredRule:
    """A new rule. Raises Conflict when its name is taken or there are too many."""
    if await pool.fetchval(COUNT, org_id) >= MOST:
        raise Conflict(f"an org has at most {MOST} alert rules")
    try:
        return _stored((await fetch(pool, ADD, rule_id, org_id, *_values(rule)))[0])
    except asyncpg.UniqueViolationError as error:
        raise _taken(rule) from error


async def change_rule(pool: asyncpg.Pool, org_id: UUID, rule_id: UUID, rule: Rule) -> StoredRule | None:
    """Put ``rule`` in place of the one of that id; None when there is none. Raises Conflict when its name is taken."""
    try:
        rows = await fetch(pool, CHANGE, rule_id, org_id, *_values(rule))
    except asyncpg.UniqueViolationError as error:
        raise _taken(rule) from error
    return _stored(rows[0]) if rows else None


async def drop_rule(pool: asyncpg.Pool, org_id: UUID, rule_id: UUID) -> bool:
    """Delete a rule; its alerts stay. False when there is none."""
    return await pool.fetchval(DROP, org_id, rule_id) is not None


def _taken(rule: Rule) -> Conflict:
    return Conflict(f"name: a rule named {rule.name!r} exists", field="name")


def _values(rule: Rule) -> tuple[Any, ...]:
    return (
        rule.name,
        rule.description,
        rule.metric_name,
        str(rule.condition),
        rule.severity,
        rule.message_template,
        list(rule.channels),
        rule.cooldown_period,
        rule.hysteresis,
        rule.enabled,
    )


def _stored(row: Row) -> StoredRule:
    values: Mapping[str, Any] = {name: row[name] for name in NAMES.split(", ")}
    rule = Rule(
        **{
            **values,
            "condition": read_condition(row["condition"]),
            "channels": tuple(row["channels"]),
        }
    )
    return StoredRule(row["id"], rule, Standing(row["armed"], row["last_triggered_at"]), row["created_at"])
