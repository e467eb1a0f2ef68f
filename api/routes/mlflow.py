"""``/mlflow``: the configured MLflow tracking server behind our door, and two looks into it."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import get, route
from litestar.params import PathParameter
from litestar.types import ASGIApp

from api.failures import Failure
from api.floor import Floor, TheFloor
from api.requests import AnyRequest
from api.shapes.base import Shape

LOOK_BYTES = 8 * 1024 * 1024
MOST_VERSIONS = 1000
ModelName = Annotated[str, PathParameter(description="A registered model's name.", max_length=250)]
ExperimentId = Annotated[str, PathParameter(description="An experiment's id.", pattern=r"^[0-9]{1,30}$")]


class TrackedVersion(Shape, frozen=True, kw_only=True):
    """A version of a model registered there."""

    version: str
    stage: str
    status: str | None
    run_id: str | None
    source: str | None
    description: str
    created_at: datetime | None
    updated_at: datetime | None
    aliases: list[str]
    tags: dict[str, str]


class TrackedModel(Shape, frozen=True, kw_only=True):
    """A registered model and its versions, newest first."""

    name: str
    description: str
    created_at: datetime | None
    updated_at: datetime | None
    tags: dict[str, str]
    versions: list[TrackedVersion]


class TrackedExperiment(Shape, frozen=True, kw_only=True):
    """An experiment."""

    experiment_id: str
    name: str
    lifecycle_stage: str
    artifact_location: str | None
    created_at: datetime | None
    updated_at: datetime | None
    tags: dict[str, str]


@get(
    "/mlflow/models/{name:str}",
    tags=["mlflow"],
    permission="strategy:read",
)
async def tracked_model(request: AnyRequest, floor: TheFloor, name: ModelName) -> TrackedModel:
    """A model of the tracking server's registry, with its versions."""
    query = _query(name=name)
    model = (await _ask(request, floor, f"/api/2.0/mlflow/registered-models/get?{query}"))["registered_model"]
    if "'" in name:
        found = model.get("latest_versions", [])  # a filter cannot hold such a name
    else:
        wanted = _query(filter=f"name='{name}'", max_results=str(MOST_VERSIONS))
        answer = await _ask(request, floor, f"/api/2.0/mlflow/model-versions/search?{wanted}")
        found = answer.get("model_versions", [])
    return TrackedModel(
        name=model["name"],
        description=model.get("description", ""),
        created_at=_time(model.get("creation_timestamp")),
        updated_at=_time(model.get("last_updated_timestamp")),
        tags=_tags(model),
        versions=sorted((_version(one) for one in found), key=lambda one: -int(one.version)),
    )


@get("/mlflow/experiments/{experiment_id:str}", tags=["mlflow"], permission="strategy:read")
async def tracked_experiment(
    request: AnyRequest, floor: TheFloor, experiment_id: ExperimentId
) -> TrackedExperiment:
    """An experiment of the tracking server."""
    query = _query(experiment_id=experiment_id)
    found = (await _ask(request, floor, f"/api/2.0/mlflow/experiments/get?{query}"))["experiment"]
    return TrackedExperiment(
        experiment_id=found["experiment_id"],
        name=found["name"],
        lifecycle_stage=found.get("lifecycle_stage", "active"),
        artifact_location=found.get("artifact_location"),
        created_at=_time(found.get("creation_time")),
        updated_at=_time(found.get("last_update_time")),
        tags=_tags(found),
    )


@route(
    ["/mlflow", "/mlflow/{path:path}"],
    http_method=["GET", "HEAD"],
    tags=["mlflow"],
    permission="strategy:read",
    errors=(400,),
    handed_on=True,
    request_max_body_size=None,  # the configuration's own bounds hold
    status_code=200,
)
async def look(request: AnyRequest, floor: TheFloor) -> ASGIApp:
    """What the tracking server answers: status, headers and body are its own."""
    return await floor.tracking.hand_on(request)


@route(
    ["/mlflow", "/mlflow/{path:path}"],
    http_method=["POST", "PUT", "PATCH", "DELETE"],
    tags=["mlflow"],
    role="trader",
    permission="strategy:create",
    errors=(400, 413),
    handed_on=True,
    request_max_body_size=None,
    status_code=200,
)
async def change(request: AnyRequest, floor: TheFloor) -> ASGIApp:
    """Hand a request on to the tracking server with method, query, body and Authorization as they are."""
    return await floor.tracking.hand_on(request)


async def _ask(request: AnyRequest, floor: Floor, target: str) -> dict[str, Any]:
    """A JSON answer of the tracking server. Raises Failure 404 as it does, else 503."""
    authorization = request.headers.get("authorization")
    headers = {"accept": "application/json", **({"authorization": authorization} if authorization else {})}
    answer = await floor.tracking.ask("GET", target, headers)
    status, body = answer.answer.status_code, await answer.read(LOOK_BYTES)
    if status == 404:
        raise Failure(404, "the MLflow tracking server has nothing of that name")
    if status in (401, 403):
        raise Failure(403, "the MLflow tracking server does not allow it", code="MLFLOW_REFUSED")
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        found = None
    if status != 200 or not isinstance(found, dict):
        raise Failure(
            503,
            "the MLflow tracking server cannot say",
            code="MLFLOW_UNAVAILABLE",
            details=f"it answers with HTTP {status}",
        )
    return found


def _query(**values: str) -> str:
    return urlencode(values)


def _version(found: dict[str, Any]) -> TrackedVersion:
    return TrackedVersion(
        version=str(found["version"]),
        stage=found.get("current_stage", "None"),
        status=found.get("status"),
        run_id=found.get("run_id") or None,
        source=found.get("source"),
        description=found.get("description", ""),
        created_at=_time(found.get("creation_timestamp")),
        updated_at=_time(found.get("last_updated_timestamp")),
        aliases=list(found.get("aliases", [])),
        tags=_tags(found),
    )


def _tags(found: dict[str, Any]) -> dict[str, str]:
    return {str(tag["key"]): str(tag.get("value", "")) for tag in found.get("tags", [])}


def _time(milliseconds: object) -> datetime | None:
    """Times are milliseconds since 1970; older servers write them as text."""
    if milliseconds is None:
        return None
    return datetime.fromtimestamp(0, tz=UTC) + timedelta(milliseconds=int(str(milliseconds)))


HANDLERS = [tracked_model, tracked_experiment, look, change]
