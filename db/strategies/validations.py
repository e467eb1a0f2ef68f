"""Validations of versions: asked for when a version is staged, run once, and kept with their report."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import asyncpg

from db.pool import Connection, fetch
from db.strategies.rows import VERSION, StoredVersion, version_of
from openoutcry.strategy.promotion import Outcome

State = Literal["QUEUED", "RUNNING", "COMPLETED", "FAILED"]
MOST_ERROR = 2_000
ASK = """
INSERT INTO strategy_validations (org_id, version_id, asked, requested_by) VALUES ($1, $2, $3, $4) RETURNING id
"""
COLUMNS = (
    "id, version_id, state, asked, report, outcome, error, requested_by, created_at, started_at, ended_at"
)
ONE = f"SELECT {COLUMNS} FROM strategy_validations WHERE id = $1"
OF_VERSION = f"""
SELECT {COLUMNS} FROM strategy_validations WHERE version_id = $1 AND ($2::text IS NULL OR state = $2)
ORDER BY created_at DESC, id LIMIT $3
"""
BEGIN = """
UPDATE strategy_validations SET state = 'RUNNING', started_at = coalesce(started_at, now()), job_id = $2
WHERE id = $1 AND (state = 'QUEUED' OR state = 'RUNNING' AND job_id = $2) RETURNING id
"""
COMPLETE = """
UPDATE strategy_validations SET state = 'COMPLETED', report = $2, outcome = $3, ended_at = now()
WHERE id = $1 AND state = 'RUNNING' RETURNING id
"""
FAIL = """
UPDATE strategy_validations SET state = 'FAILED', error = $2, ended_at = now()
WHERE id = $1 AND state IN ('QUEUED', 'RUNNING') RETURNING id
"""
VALIDATED = f"""
SELECT {", ".join(f"v.{name}" for name in VERSION.split(", "))}, s.exchange FROM strategy_validations w
JOIN strategy_versions v ON v.id = w.version_id JOIN strategies s ON s.id = v.strategy_id WHERE w.id = $1
"""


@dataclass(frozen=True, slots=True)
class Validation:
    """A validation. ``asked`` says on which data; ``report`` and ``outcome`` are there once it is COMPLETED."""

    id: UUID
    version_id: UUID
    state: State
    asked: Mapping[str, Any]
    report: Mapping[str, Any] | None
    outcome: Outcome | None
    error: str | None
    requested_by: str
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None


async def ask(
    connection: Connection, org_id: UUID, version_id: UUID, asked: Mapping[str, Any], who: str
) -> UUID:
    """Ask for a validation; returns its id."""
    found: UUID = await connection.fetchval(ASK, org_id, version_id, dict(asked), who)
    return found


async def get(pool: asyncpg.Pool, validation_id: UUID) -> Validation | None:
    """One validation."""
    return next(iter([_of(row) for row in await fetch(pool, ONE, validation_id)]), None)


async def newest(source: "asyncpg.Pool | Connection", version_id: UUID) -> Validation | None:
    """The newest validation of a version that was completed."""
    return next(iter([_of(row) for row in await fetch(source, OF_VERSION, version_id, "COMPLETED", 1)]), None)


async def of_version(pool: asyncpg.Pool, version_id: UUID, limit: int = 20) -> list[Validation]:
    """The validations of a version, newest first."""
    return [_of(row) for row in await fetch(pool, OF_VERSION, version_id, None, limit)]


async def subject(pool: asyncpg.Pool, validation_id: UUID) -> tuple[StoredVersion, str] | None:
    """The version a validation is of, and the exchange of its strategy."""
    rows = await fetch(pool, VALIDATED, validation_id)
    return (version_of(rows[0]), rows[0]["exchange"]) if rows else None


async def begin(pool: asyncpg.Pool, validation_id: UUID, job_id: UUID | None = None) -> bool:
    """Take a queued validation in hand; False when someone else has, or it has ended.

    A job that is tried again takes up what its first attempt began.
    """
    return await pool.fetchval(BEGIN, validation_id, job_id) is not None


async def complete(
    connection: Connection, validation_id: UUID, report: Mapping[str, Any], outcome: Outcome
) -> bool:
    """End a running validation with its report; False when it no longer runs."""
    return await connection.fetchval(COMPLETE, validation_id, dict(report), outcome) is not None


async def fail(pool: asyncpg.Pool, validation_id: UUID, error: str) -> bool:
    """End a validation that could not be done; False when it has ended."""
    return await pool.fetchval(FAIL, validation_id, error[:MOST_ERROR].replace("\0", "")) is not None


def _of(row: Mapping[str, Any]) -> Validation:
    return Validation(**{field.name: row[field.name] for field in fields(Validation)})
