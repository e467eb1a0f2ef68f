"""Moving versions between stages. One version of a name is in production at a time; every move is noted.

None ─▶ Staging ─▶ Production ─▶ Archived ─▶ Production (rollback)
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db.models.reading import versions
from db.models.registering import NOTE
from db.models.rows import ModelVersion, Stage, parse_name, parse_stage
from db.pool import Connection
from db.strategies.history import By
from openoutcry.errors import Conflict, NotFound
from openoutcry.strategy.semver import parse_version

LOCK = "SELECT id FROM models WHERE org_id = $1 AND name = $2 FOR UPDATE"
CHANNEL = "models"
"""Notified of every move, for who counts with the version in production."""
MOVE = f"""
WITH moved AS (
    UPDATE model_versions SET stage = $2,
        promoted_at = CASE WHEN $2 = 'Production' THEN now() ELSE promoted_at END,
        archived_at = CASE WHEN $2 = 'Archived' THEN now() END
    WHERE id = $1 RETURNING id
)
SELECT now(), pg_notify('{CHANNEL}', id::text) FROM moved
"""


@dataclass(frozen=True, slots=True)
class Moved:
    """A version at its new stage. ``previous_version`` was in production until then, if that changed."""

    name: str
    version: str
    stage: Stage
    previous_version: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class RolledBack:
    """Production went back from one version to an earlier one."""

    name: str
    previous_version: str | None
    rolled_back_to: str
    at: datetime


async def move(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    version: str,
    stage: str,
    by: By,
    *,
    expected: str | None = None,
) -> Moved:
    """Take a version to a stage. Into production, it replaces the one there, which is archived.

    With ``expected``, only if that version is in production now (``none``: if no version is). Raises BadInput,
    NotFound, and Conflict when the version is there already or another than ``expected`` is in production.
    """
    wanted_stage = parse_stage(stage)
    async with _held(pool, org_id, name) as held:
        wanted, current = held.pick(version), held.production()
        held.refuse_unexpected(expected, current)
        if wanted.stage == wanted_stage:
            raise Conflict(f"{name} {wanted.version} is in {wanted_stage} already", field="stage")
        replaced = current if wanted_stage == "Production" else None
        if replaced is not None:
            await held.note_move(replaced, "Archived", "moved", by)
        at = await held.note_move(wanted, wanted_stage, "moved", by)
    return Moved(name, wanted.version, wanted_stage, replaced.version if replaced else None, at)


async def rollback(
    pool: asyncpg.Pool,
    org_id: UUID,
    name: str,
    by: By,
    *,
    target: str | None = None,
    expected: str | None = None,
) -> RolledBack:
    """Put an archived version back into production; without a target the newest one before the one there now.

    Raises BadInput, NotFound for an unknown name or version, and Conflict when the target is in production already,
    was never archived, or there is none.
    """
    async with _held(pool, org_id, name) as held:
        current = held.production()
        held.refuse_unexpected(expected, current)
        wanted = held.before(current) if target is None else held.pick(target, field="target_version")
        if wanted.stage == "Production":
            raise Conflict(f"{name} {wanted.version} is in production already", field="target_version")
        if wanted.stage != "Archived":
            raise Conflict(
                f"{name} {wanted.version} is in {wanted.stage} and never left production: promote it instead",
                field="target_version",
            )
        if current is not None:
            await held.note_move(current, "Archived", "rolled_back", by)
        at = await held.note_move(wanted, "Production", "rolled_back", by)
    return RolledBack(name, current.version if current else None, wanted.version, at)


@dataclass(frozen=True, slots=True)
class _Held:
    """A model in hand, nobody else's until the transaction ends."""

    connection: Connection
    org_id: UUID
    model_id: UUID
    name: str
    versions: list[ModelVersion]

    def pick(self, version: str, *, field: str = "version") -> ModelVersion:
        wanted = parse_version(version, field=field)
        for one in self.versions:
            if one.version == wanted:
                return one
        there = ", ".join(one.version for one in self.versions)
        raise NotFound(f"{self.name} has no version {wanted}; there is {there}")

    def production(self) -> ModelVersion | None:
        return next((one for one in self.versions if one.stage == "Production"), None)

    def before(self, current: ModelVersion | None) -> ModelVersion:
        """The newest archived version older than the current one."""
        for one in self.versions:
            if one.archived and (current is None or one.number < current.number):
                return one
        raise Conflict(f"{self.name} has no earlier version to go back to", field="target_version")

    def refuse_unexpected(self, expected: str | None, current: ModelVersion | None) -> None:
        if expected is None:
            return
        found = current.version if current is not None else "none"
        if (expected if expected == "none" else parse_version(expected, field="expected")) != found:
            raise Conflict(
                f"{self.name}: {found} is in production, not {expected}: look at it again", field="expected"
            )

    async def note_move(self, version: ModelVersion, stage: Stage, what: str, by: By) -> datetime:
        at: datetime = await self.connection.fetchval(MOVE, version.id, stage)
        await self.connection.execute(
            NOTE, self.org_id, self.model_id, version.version, by.who, what, version.stage, stage, by.reason
        )
        return at


@asynccontextmanager
async def _held(pool: asyncpg.Pool, org_id: UUID, name: str) -> AsyncIterator[_Held]:
    name = parse_name(name)
    async with pool.acquire() as connection, connection.transaction():
        model_id = await connection.fetchval(LOCK, org_id, name)
        if model_id is None:
            raise NotFound(f"there is no model {name}; `outcry models list` names those there are")
        yield _Held(connection, org_id, model_id, name, await versions(connection, org_id, name))
