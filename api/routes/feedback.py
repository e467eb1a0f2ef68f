"""``/api/v1/decisions/{id}/feedback`` and ``/api/v1/feedback``: what people think of decisions."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import asyncpg
from litestar import get, post
from litestar.params import FromPath, QueryParameter

from api.access import caller_of
from api.bodies import Body, read_body
from api.failures import Failure, invalid_body
from api.floor import TheFloor
from api.idempotency import kept
from api.paging import Walk
from api.params import Anchor, Offset, one_of, read_choice, read_id
from api.requests import AnyRequest
from api.shapes.base import Shape, shaped
from db import feedback

RATINGS = ("positive", "negative")
MAX_COMMENT, MAX_TAGS, MAX_TAG = 2000, 20, 50
Limit = Annotated[
    int, QueryParameter(ge=1, le=500, description="At most this many (default 50).", required=False)
]


class NewFeedback(Body, frozen=True, kw_only=True):
    """One word about a decision, at most one per key."""

    rating: str
    comment: str = ""
    tags: list[str] = []  # noqa: RUF012


class Feedback(Shape, frozen=True, kw_only=True):
    """What somebody thought of a decision."""

    id: UUID
    decision_id: UUID
    rating: Literal["positive", "negative"]
    comment: str
    tags: list[str]
    given_by: str
    created_at: datetime


class FeedbackList(Shape, frozen=True, kw_only=True):
    """Words about decisions."""

    feedback: list[Feedback]
    count: int


class FeedbackStats(Shape, frozen=True, kw_only=True):
    """How many words there are, and how many of those about decisions with a known end agreed with it."""

    total: int
    positive: int
    negative: int
    judged: int
    agreeing: int


@post(
    "/api/v1/decisions/{id:str}/feedback",
    tags=["feedback"],
    idempotent=True,
    role="trader",
    body=NewFeedback,
    example={"rating": "positive", "comment": "well reasoned", "tags": ["trend"]},
)
@kept
async def give_feedback(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> Feedback:
    """Say what you think of a decision."""
    decision_id = read_id(id, "decision")
    wanted = await read_body(request, NewFeedback)
    caller = caller_of(request)
    try:
        row = await feedback.give(
            floor.pool,
            caller.org_id,
            decision_id,
            rating=_rating(wanted),
            comment=_within(wanted.comment, MAX_COMMENT, "comment"),
            tags=_tags(wanted.tags),
            given_by=caller.name,
        )
    except asyncpg.UniqueViolationError as error:
        raise Failure(409, "you have given feedback on this decision", decision_id=id) from error
    if row is None:
        raise Failure(404, "decision not found", decision_id=id)
    return shaped(dict(row), Feedback)


@get("/api/v1/decisions/{id:str}/feedback", tags=["feedback"])
async def feedback_of(request: AnyRequest, floor: TheFloor, id: FromPath[str]) -> FeedbackList:
    """Every word about one decision, oldest first."""
    rows = await feedback.of_decision(floor.pool, caller_of(request).org_id, read_id(id, "decision"))
    return _list(rows)


@get("/api/v1/feedback", tags=["feedback"])
async def list_feedback(
    request: AnyRequest,
    floor: TheFloor,
    rating: Annotated[str | None, one_of(RATINGS)] = None,
    limit: Limit = 50,
    offset: Offset = 0,
    anchor: Anchor = None,
) -> FeedbackList:
    """Words about decisions, newest first."""
    wanted = read_choice(rating, "rating", RATINGS)
    walk = await Walk.of(request, floor, offset, anchor)
    rows = await feedback.list_feedback(
        floor.pool,
        caller_of(request).org_id,
        wanted,  # type: ignore[arg-type]
        limit=limit,
        offset=offset,
        snapshot=walk.snapshot,
    )
    walk.left(rows, limit)
    return _list(rows)


@get("/api/v1/feedback/stats", tags=["feedback"])
async def feedback_stats(request: AnyRequest, floor: TheFloor) -> FeedbackStats:
    """How feedback adds up, and how often it was right."""
    return shaped(dict(await feedback.stats(floor.pool, caller_of(request).org_id)), FeedbackStats)


def _list(rows: list[asyncpg.Record]) -> FeedbackList:
    items = [shaped(dict(row), Feedback) for row in rows]
    return FeedbackList(feedback=items, count=len(items))


def _rating(wanted: NewFeedback) -> Literal["positive", "negative"]:
    if wanted.rating == "positive":
        return "positive"
    if wanted.rating == "negative":
        return "negative"
    raise invalid_body(f"rating: {wanted.rating!r} must be one of {', '.join(RATINGS)}", "rating")


def _tags(tags: list[str]) -> list[str]:
    if len(tags) > MAX_TAGS:
        raise invalid_body(f"tags: at most {MAX_TAGS}", "tags")
    return [_within(tag, MAX_TAG, "tags") for tag in tags]


def _within(text: str, most: int, field: str) -> str:
    if len(text) > most:
        raise invalid_body(f"{field}: at most {most} characters", field)
    if "\x00" in text:
        raise invalid_body(f"{field}: must not contain NUL", field)
    return text


HANDLERS = [give_feedback, feedback_of, list_feedback, feedback_stats]
