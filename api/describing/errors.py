"""The one error envelope, and each status it comes with."""

from collections.abc import Mapping
from typing import Any

from api.describing.headers import CORRELATION
from api.failures import CODES

ERRORS: Mapping[int, tuple[str, str]] = {
    400: ("BadRequest", "The request is malformed; `field` names what is wrong"),
    401: ("Unauthorized", "No valid key or token"),
    403: ("Forbidden", "The role, the scopes or the plan do not allow this"),
    404: ("NotFound", "Nothing there"),
    405: ("MethodNotAllowed", "The server takes no such request"),
    406: ("NotAcceptable", "The server answers in no kind that is accepted"),
    408: ("RequestTimeout", "The body did not arrive within ten seconds"),
    409: ("Conflict", "It conflicts with what is already so"),
    413: ("PayloadTooLarge", "The body is too large"),
    414: ("UriTooLong", "The URL is too long"),
    415: ("UnsupportedMediaType", "The body is of another kind"),
    421: ("MisdirectedRequest", "The Host is none of this floor's"),
    422: ("Unprocessable", "Too little history, or values that contradict what they are for"),
    429: ("TooManyRequests", "Too many requests; wait `Retry-After` seconds"),
    431: ("HeadersTooLarge", "The headers are too large"),
    500: ("InternalError", "A fault of ours; the correlation id finds it in the log"),
    502: ("BadGateway", "What this passes requests on to does not answer"),
    503: ("Unavailable", "The database or the floor cannot answer; wait `Retry-After` seconds"),
}
SAID: Mapping[int, tuple[str, str | None, dict[str, Any]]] = {
    400: ("invalid request body", "Price is required for limit orders", {"field": "price"}),
    401: ("authentication required", "send an API key as 'Authorization: Bearer <key>' or 'X-API-Key: <key>'", {}),
    403: ("forbidden", "this needs the role trader; 'dashboard' has viewer", {}),
    404: ("order not found", None, {"order_id": "7d1f6f2e-6f1a-5b0e-9a53-0c7d4a3c9b21"}),
    405: ("method not allowed", None, {}),
    406: ("not acceptable", "accept application/json and text/event-stream", {}),
    408: ("the request body did not arrive in time", None, {}),
    409: ("conflict", "the session is already stopped", {}),
    413: ("request body too large", None, {}),
    414: ("URL too long", "at most 8192 bytes", {}),
    415: ("unsupported media type", "send application/json, not text/plain", {}),
    421: ("misdirected request", "the Host header names no host of this floor", {}),
    422: ("insufficient history", "208 days of candles are needed, 90 are stored", {}),
    429: ("too many requests", "try again in 1 s", {"retry_after": 1}),
    431: ("request headers too large", "at most 32768 bytes", {}),
    500: ("internal server error", None, {}),
    502: ("bad gateway", "the server behind this does not answer", {}),
    503: ("database unavailable", None, {"retry_after": 2}),
}  # fmt: skip
SCHEMA: Mapping[str, Any] = {
    "title": "Error",
    "description": "Every error is this one object; further keys name what it is about, such as `order_id`.",
    "type": "object",
    "required": ["error", "message", "detail", "code", "timestamp", "correlation_id"],
    "properties": {
        "error": {"type": "string", "description": "Short human text; a category for Mangrove's clients"},
        "message": {"type": "string", "description": "The whole of it"},
        "detail": {"type": "string", "description": "Same as message"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "timestamp": {"type": "string", "format": "date-time"},
        "correlation_id": {"type": "string", "description": "As in `X-Correlation-ID`"},
        "details": {"type": "string", "description": "What exactly, where there is more to say"},
        "field": {"type": "string", "description": "The parameter or field of the body that is wrong"},
        "retry_after": {"type": "integer", "minimum": 0, "description": "Seconds to wait"},
        "errors": {
            "type": "array",
            "description": "Everything that is wrong with a strategy",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": {"description": "Any JSON value"},
}
WAITS = frozenset({429, 503})
AT_THE_DOOR = frozenset({414, 431})
"""Refused before there is a request to be counted."""


def responses(headers: Mapping[str, Any]) -> dict[str, Any]:
    """``components.responses``: one for each status, with its example."""
    return {name: _response(status, text, headers) for status, (name, text) in ERRORS.items()}


def reference(status: int) -> dict[str, str]:
    """How an operation names one of them."""
    return {"$ref": f"#/components/responses/{ERRORS[status][0]}"}


def _response(status: int, text: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    sent = {CORRELATION: headers[CORRELATION]} if status in AT_THE_DOOR else dict(headers)
    if status in WAITS:
        sent["Retry-After"] = {"$ref": "#/components/headers/Retry-After"}
    if status == 401:
        sent["WWW-Authenticate"] = {"$ref": "#/components/headers/WWW-Authenticate"}
    media = {"schema": {"$ref": "#/components/schemas/Error"}, "example": _example(status)}
    return {"description": text, "headers": sent, "content": {"application/json": media}}


def _example(status: int) -> dict[str, Any]:
    error, details, extra = SAID[status]
    text = f"{error}: {details}" if details else error
    return {
        "error": error,
        "message": text,
        "detail": text,
        "code": CODES.get(status, "ERROR"),
        "timestamp": "2025-01-15T10:30:00Z",
        "correlation_id": "9f2c4e0b7d6a4c1f8e3b5a7092d1c6e4",
        **({"details": details} if details else {}),
        **extra,
    }
