"""``/api/v1/models``: the versions of trained models, and going back to an earlier one."""

from datetime import datetime
from typing import Annotated, Any

from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import Body, read_body
from api.floor import TheFloor
from api.idempotency import kept
from api.requests import AnyRequest
from api.shapes.base import Shape
from db.models import reading, staging
from db.models.rows import ModelVersion
from db.strategies.history import by

STAGES = {"None": "dev", "Staging": "staging", "Production": "prod", "Archived": "archived"}
"""The registry's stages in TradAI's words."""
Archived = Annotated[bool, QueryParameter(description="Archived ones too (the default).", required=False)]


class Version(Shape, frozen=True, kw_only=True):
    """One version; ``metrics`` are what its training measured, whatever its kind has."""

    version: str
    stage: str
    created_at: datetime
    metrics: dict[str, Any]
    archived: bool
    kind: str
    parameters: dict[str, Any]
    trained_from: datetime
    trained_until: datetime
    seed: int
    content_hash: str


class Versions(Shape, frozen=True, kw_only=True):
    """A model's versions, newest first."""

    model_name: str
    versions: list[Version]


class Candidates(Shape, frozen=True, kw_only=True):
    """Versions that a rollback may go to, newest first."""

    model_name: str
    candidates: list[Version]


class RollbackWish(Body, frozen=True, kw_only=True):
    """Without a target: the newest archived version before the one in production."""

    target_version: str | None = None
    reason: str | None = None


class RolledBack(Shape, frozen=True, kw_only=True):
    """Production is an earlier version again."""

    model_name: str
    previous_version: str | None
    rolled_back_to: str
    status: str
    timestamp: datetime


class Model(Shape, frozen=True, kw_only=True):
    """A model; ``production_version`` is null while none of its versions is in production."""

    name: str
    kind: str
    versions: int
    production_version: str | None
    created_at: datetime
    updated_at: datetime


class Models(Shape, frozen=True, kw_only=True):
    """Every model, by name."""

    models: list[Model]
    total: int


@get("/api/v1/models", tags=["models"], permission="strategy:read")
async def list_models(request: AnyRequest, floor: TheFloor) -> Models:
    """The models of the registry."""
    found = [
        Model(
            name=one.name,
            kind=one.kind,
            versions=one.versions,
            production_version=one.production,
            created_at=one.created_at,
            updated_at=one.newest_at or one.created_at,
        )
        for one in await reading.models(floor.pool, caller_of(request).org_id)
    ]
    return Models(models=found, total=len(found))


@get("/api/v1/models/{name:str}/versions", tags=["models"], permission="strategy:read")
async def list_versions(
    request: AnyRequest, floor: TheFloor, name: FromPath[str], include_archived: Archived = True
) -> Versions:
    """The versions of a model, newest first."""
    org_id = caller_of(request).org_id
    found = await reading.versions(floor.pool, org_id, name, include_archived=include_archived)
    return Versions(model_name=name, versions=[_version(one) for one in found])


@get("/api/v1/models/{name:str}/rollback-candidates", tags=["models"], permission="strategy:read")
async def candidates(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> Candidates:
    """Archived versions that production may go back to."""
    found = await reading.versions(floor.pool, caller_of(request).org_id, name)
    return Candidates(model_name=name, candidates=[_version(one) for one in found if one.archived])


@post(
    "/api/v1/models/{name:str}/rollback", tags=["models"], idempotent=True, role="admin", status_code=200, body=RollbackWish,
    example={"target_version": "1.1.0", "reason": "worse out of sample"},
)  # fmt: skip
@kept
async def rollback(request: AnyRequest, floor: TheFloor, name: FromPath[str]) -> RolledBack:
    """Put an earlier version back into production."""
    wish, caller = await read_body(request, RollbackWish), caller_of(request)
    who = by(caller.name, wish.reason)
    done = await staging.rollback(floor.pool, caller.org_id, name, who, target=wish.target_version)
    return RolledBack(
        model_name=done.name,
        previous_version=done.previous_version,
        rolled_back_to=done.rolled_back_to,
        status="completed",
        timestamp=done.at,
    )


def _version(one: ModelVersion) -> Version:
    return Version(
        version=one.version,
        stage=STAGES[one.stage],
        created_at=one.created_at,
        metrics=dict(one.metrics),
        archived=one.archived,
        kind=one.kind,
        parameters=dict(one.parameters),
        trained_from=one.trained_from,
        trained_until=one.trained_until,
        seed=one.seed,
        content_hash=one.content_hash,
    )


HANDLERS = [list_models, list_versions, candidates, rollback]
