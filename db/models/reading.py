"""Reading the registry. Another org's model is as unknown as one that never was."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.models.rows import COLUMNS, FROM, ModelVersion, parse_name, version_of
from db.pool import Connection, fetch
from openoutcry.errors import NotFound
from openoutcry.strategy.semver import parse_version

NEWEST_FIRST = "ORDER BY v.number DESC"
VERSIONS = f"""
SELECT {COLUMNS} {FROM} WHERE v.org_id = $1 AND m.name = $2 AND ($3 OR v.stage <> 'Archived') {NEWEST_FIRST}
"""
KNOWN = "SELECT 1 FROM models WHERE org_id = $1 AND name = $2"
ONE = f"SELECT {COLUMNS} {FROM} WHERE v.org_id = $1 AND m.name = $2 AND v.version = $3"
PRODUCTION = f"SELECT {COLUMNS} {FROM} WHERE v.org_id = $1 AND m.name = $2 AND v.stage = 'Production'"
ARTEFACT = "SELECT artefact FROM model_versions WHERE id = $1"
MODELS = """
SELECT m.name, m.kind, m.created_at, count(v.id) AS versions, max(v.created_at) AS newest_at,
       max(v.version) FILTER (WHERE v.stage = 'Production') AS production
FROM models m LEFT JOIN model_versions v ON v.model_id = m.id WHERE m.org_id = $1
GROUP BY m.id ORDER BY m.name
"""
HISTORY = """
SELECT h.at, h.version, h.who, h.what, h.before, h.after, h.reason FROM model_history h
JOIN models m ON m.id = h.model_id WHERE h.org_id = $1 AND m.name = $2 ORDER BY h.number DESC LIMIT $3
"""


@dataclass(frozen=True, slots=True)
class Model:
    """A name in the registry. ``production`` is the version in production, None without one."""

    name: str
    kind: str
    created_at: datetime
    versions: int
    newest_at: datetime | None
    production: str | None


@dataclass(frozen=True, slots=True)
class Move:
    """One line of a model's history. ``before`` and ``after`` are stages; a registration has none before."""

    at: datetime
    version: str
    who: str
    what: str
    before: str | None
    after: str
    reason: str


async def models(pool: asyncpg.Pool, org_id: UUID) -> list[Model]:
    """Every model, by name."""
    return [Model(**row) for row in await fetch(pool, MODELS, org_id)]


async def versions(
    source: "asyncpg.Pool | Connection", org_id: UUID, name: str, *, include_archived: bool = True
) -> list[ModelVersion]:
    """The versions of a model, newest first. Raises BadInput, NotFound."""
    name = parse_name(name)
    rows = await fetch(source, VERSIONS, org_id, name, include_archived)
    if not rows and not await fetch(source, KNOWN, org_id, name):
        raise NotFound(f"there is no model {name}; `outcry models list` names those there are")
    return [version_of(row) for row in rows]


async def version(pool: asyncpg.Pool, org_id: UUID, name: str, wanted: str) -> ModelVersion:
    """One version. Raises BadInput, NotFound."""
    name, wanted = parse_name(name), parse_version(wanted)
    rows = await fetch(pool, ONE, org_id, name, wanted)
    if not rows:
        there = ", ".join(one.version for one in await versions(pool, org_id, name))
        raise NotFound(f"{name} has no version {wanted}; there is {there}")
    return version_of(rows[0])


async def in_production(pool: "asyncpg.Pool | Connection", org_id: UUID, name: str) -> ModelVersion | None:
    """The version of a model that is in production; None when none is, or there is no such model."""
    rows = await fetch(pool, PRODUCTION, org_id, name)
    return version_of(rows[0]) if rows else None


async def artefact(pool: "asyncpg.Pool | Connection", version_id: UUID) -> Any:
    """What a version is, as it was registered."""
    return await pool.fetchval(ARTEFACT, version_id)


async def history(pool: asyncpg.Pool, org_id: UUID, name: str, limit: int = 100) -> list[Move]:
    """The newest changes of a model, newest first. Raises BadInput, NotFound."""
    name = parse_name(name)
    rows = await fetch(pool, HISTORY, org_id, name, limit)
    if not rows:
        await versions(pool, org_id, name)
    return [Move(**{field.name: row[field.name] for field in fields(Move)}) for row in rows]
