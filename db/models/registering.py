"""Putting a trained model into the registry."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.models.reading import versions
from db.models.rows import ModelVersion, parse_name
from db.pool import Connection, retrying
from openoutcry.canonical import canonical_json, digest
from openoutcry.errors import BadInput, Conflict
from openoutcry.strategy.semver import FIRST, number_of, spelled

MOST_BYTES = 4_000_000
"""Largest artefact: the registry keeps small models as JSON, never code or pickles."""
MODEL = """
INSERT INTO models (org_id, name, kind) VALUES ($1, $2, $3)
ON CONFLICT (org_id, name) DO UPDATE SET name = excluded.name RETURNING id, kind
"""
INSERT = """
INSERT INTO model_versions (org_id, model_id, version, number, parameters, metrics, artefact, content_hash, seed,
                            trained_from, trained_until, notes, created_by)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
NOTE = """
INSERT INTO model_history (org_id, model_id, version, who, what, before, after, reason)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
"""


@dataclass(frozen=True, slots=True)
class Trained:
    """A model to register. ``parameters`` are what it was trained with, ``metrics`` what it was measured at."""

    name: str
    kind: str
    artefact: Mapping[str, Any]
    parameters: Mapping[str, Any]
    metrics: Mapping[str, Any]
    seed: int
    trained_from: datetime
    trained_until: datetime
    notes: str = ""


async def register(
    pool: asyncpg.Pool, org_id: UUID, trained: Trained, who: str, *, version: str | None = None
) -> ModelVersion:
    """Keep a model as the next version of its name (1.0.0, 1.1.0, …), or as ``version``; its stage is None.

    The same artefact again is the version it already is. Raises BadInput, and Conflict for a version that is taken or
    a name that belongs to another kind of model.
    """
    parse_name(trained.name)
    size = len(
        canonical_json(dict(trained.artefact))
    )  # a ValueError here is a number that is none: a fault of ours
    if size > MOST_BYTES:
        raise BadInput(f"artefact: has {size:,} bytes, {MOST_BYTES:,} are allowed", field="artefact")
    content_hash = digest(dict(trained.artefact))

    async def work(connection: Connection) -> str:
        return await _kept(connection, org_id, trained, content_hash, who, version)

    kept = await retrying(pool, work)
    return next(one for one in await versions(pool, org_id, trained.name) if one.version == kept)


async def _kept(
    connection: Connection, org_id: UUID, trained: Trained, content_hash: str, who: str, version: str | None
) -> str:
    row = await connection.fetchrow(MODEL, org_id, trained.name, trained.kind)  # locks the name until the end
    assert row is not None
    if row["kind"] != trained.kind:
        raise Conflict(f"{trained.name} is a model of kind {row['kind']}, not {trained.kind}", field="kind")
    there = await versions(connection, org_id, trained.name)
    if same := [one for one in there if one.content_hash == content_hash]:
        return same[0].version
    number = number_of(version) if version is not None else _next(there)
    if any(one.number == number for one in there):
        raise Conflict(f"{trained.name} has a version {spelled(number)} already", field="version")
    await connection.execute(
        INSERT, org_id, row["id"], spelled(number), list(number), dict(trained.parameters), dict(trained.metrics),
        dict(trained.artefact), content_hash, trained.seed, trained.trained_from, trained.trained_until,
        trained.notes, who,
    )  # fmt: skip
    await connection.execute(
        NOTE, org_id, row["id"], spelled(number), who, "registered", None, "None", trained.notes
    )
    return spelled(number)


def _next(there: list[ModelVersion]) -> tuple[int, int, int]:
    if not there:
        return number_of(FIRST)
    major, minor, _ = max(one.number for one in there)
    return major, minor + 1, 0
