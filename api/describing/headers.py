"""The headers of answers."""

from collections.abc import Mapping
from typing import Any


def _whole(text: str, example: int) -> dict[str, Any]:
    schema = {"type": "integer", "minimum": 0}
    return {"description": text, "required": True, "schema": schema, "example": example}


CORRELATION = "X-Correlation-ID"
HEADERS: Mapping[str, Any] = {
    CORRELATION: {
        "description": "Yours if you sent one, else ours; it is in the log and in every error.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,64}$"},
        "example": "9f2c4e0b7d6a4c1f8e3b5a7092d1c6e4",
    },
    "X-RateLimit-Limit": _whole("Requests you may make at once.", 200),
    "X-RateLimit-Remaining": _whole("How many of them are left.", 199),
    "X-RateLimit-Reset": _whole("Seconds until all of them are there again.", 1),
    "Retry-After": {
        "description": "Seconds to wait before asking again.",
        "schema": {"type": "integer", "minimum": 0},
        "example": 1,
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "schema": {"type": "string"},
        "example": 'Bearer realm="open-outcry"',
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the stored answer to an earlier request with the same Idempotency-Key.",
        "schema": {"type": "string", "enum": ["true"]},
        "example": "true",
    },
}
ALWAYS = (CORRELATION, "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


def sent(*more: str) -> dict[str, Any]:
    """References to the headers that every answer has, and to ``more``."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in (*ALWAYS, *more)}
