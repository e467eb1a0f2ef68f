"""``/api/v1/online-learning``: what on this floor learns as it goes: ensembles' weights, and models a worker trains anew."""

from datetime import datetime
from typing import Literal

from litestar import get, post

from api.access import caller_of
from api.failures import Failure
from api.floor import TheFloor
from api.requests import AnyRequest
from api.shapes.base import Shape
from db import ensembles
from db.models import reading


class Learner(Shape, frozen=True, kw_only=True):
    """One thing that learns; ``updates`` counts learnings of an ensemble (at most 500), versions of a model."""

    kind: Literal["ensemble_weights", "model"]
    name: str
    updates: int
    last_learned_at: datetime | None
    in_force: str | None


class LearningStatus(Shape, frozen=True, kw_only=True):
    """Nothing learns from single ticks: weights when `optimize-weights` is asked, models when a job trains one."""

    learners: list[Learner]
    count: int


@get("/api/v1/online-learning/status", tags=["models"], permission="view_metrics")
async def status(request: AnyRequest, floor: TheFloor) -> LearningStatus:
    """Everything that learns, and when it last did."""
    org_id, found = caller_of(request).org_id, list[Learner]()
    for row in await ensembles.every(floor.pool, org_id):
        told = await ensembles.learnings(floor.pool, org_id, row["id"])
        found.append(
            Learner(
                kind="ensemble_weights", name=row["name"], updates=len(told),
                last_learned_at=told[0]["created_at"] if told else None, in_force=None,
            )
        )  # fmt: skip
    for model in await reading.models(floor.pool, org_id):
        found.append(
            Learner(
                kind="model", name=model.name, updates=model.versions, last_learned_at=model.newest_at,
                in_force=model.production,
            )
        )  # fmt: skip
    return LearningStatus(learners=found, count=len(found))


@post(
    "/api/v1/online-learning/session",
    tags=["models"],
    role="trader",
    permission="execute_trades",
    status_code=200,
)
async def session() -> LearningStatus:
    """Learning from single ticks is no part of this floor."""
    raise Failure(503, "Online learning service not available", code="NOT_AVAILABLE")


HANDLERS = [status, session]
