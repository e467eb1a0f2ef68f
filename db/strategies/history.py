"""What was changed, by whom, when and why. Every change writes its lines in its own transaction, and wakes the floor."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch
from openoutcry.errors import BadInput

CHANNEL = "strategies"
MOST_REASON = 500
MOST_WHO = 100
NOTE = f"""
WITH noted AS (
    INSERT INTO strategy_history (org_id, strategy_id, who, what, version, before, after, reason, forced)
    SELECT org_id, id, $2, $3, $4, $5, $6, $7, $8 FROM strategies WHERE id = $1 RETURNING strategy_id
), moved AS (
    UPDATE strategies SET revision = revision + 1, updated_at = now() WHERE id = $1
)
SELECT pg_notify('{CHANNEL}', strategy_id::text) FROM noted
"""
READ = """
SELECT number, at, who, what, version, before, after, reason, forced FROM strategy_history
WHERE strategy_id = $1 ORDER BY number DESC LIMIT $2
"""


@dataclass(frozen=True, slots=True)
class By:
    """Who asks for a change, and why."""

    who: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the history. ``what`` is a field or an event: created, version, status, stage, weight, name, metrics…"""

    number: int
    at: datetime
    who: str
    what: str
    version: str | None
    before: Any
    after: Any
    reason: str
    forced: bool


def by(who: str, reason: str | None = None) -> By:
    """A By of text from outside. Raises BadInput."""
    said = (reason or "").strip()
    if len(said) > MOST_REASON or not said.isprintable():
        raise BadInput(f"reason: must be a line of at most {MOST_REASON} characters", field="reason")
    if not 1 <= len(who) <= MOST_WHO or not who.isprintable():
        raise BadInput(f"who: must be a name of 1 to {MOST_WHO} characters", field="who")
    return By(who, said)


async def note(
    connection: Connection,
    strategy_id: UUID,
    by: By,
    what: str,
    before: Any,
    after: Any,
    *,
    version: str | None = None,
    forced: bool = False,
) -> None:
    """Add a line in the transaction of ``connection``, and move the strategy's revision on."""
    await connection.execute(NOTE, strategy_id, by.who, what, version, before, after, by.reason, forced)


async def history(pool: asyncpg.Pool, strategy_id: UUID, limit: int = 200) -> list[Change]:
    """The newest lines, newest first."""
    rows = await fetch(pool, READ, strategy_id, limit)
    return [Change(**{field.name: row[field.name] for field in fields(Change)}) for row in rows]
