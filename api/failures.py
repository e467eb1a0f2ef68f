"""Every error leaves as one JSON object.

``error`` is short human text, ``message`` and ``detail`` are the whole of it, ``code`` is stable for programs;
``timestamp`` and ``correlation_id`` are always there, ``details`` and ``field`` where they say something, and
``errors`` where more than one thing is wrong with a strategy.
"""

import re
from collections.abc import Mapping
from typing import Any

import asyncpg
import structlog
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap

from api.dialects import FAULT, dialect_of, error_body
from api.encoding import Answer
from api.requests import AnyRequest
from openoutcry.errors import BadInput, Conflict, DataUnavailable, LedgerBroken, NotFound, OpenOutcryError
from openoutcry.strategy.strict import BadStrategy
from wire.clock import WallClock

log = structlog.get_logger()
CODES: Mapping[int, str] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    408: "REQUEST_TIMEOUT",
    409: "CONFLICT",
    413: "PAYLOAD_TOO_LARGE",
    414: "URI_TOO_LONG",
    415: "UNSUPPORTED_MEDIA_TYPE",
    422: "UNPROCESSABLE",
    429: "RATE_LIMITED",
    431: "HEADERS_TOO_LARGE",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
PLAIN_TEXT: Mapping[int, str] = {
    404: "route not found",
    405: "method not allowed",
    413: "request body too large",
    500: "internal server error",
}
MISSING_PARAMETER = re.compile(r"Missing required query parameter '(\w+)'")
DATABASE_RETRY_S = 2


class Failure(Exception):
    """An answer that is an error. ``extra`` keys (``order_id``, ``name`` ...) stand beside the envelope's own.

    ``message`` is the whole text where a document fixes it; else it is made of ``error`` and ``details``.
    """

    def __init__(
        self,
        status: int,
        error: str,
        *,
        code: str | None = None,
        details: str | None = None,
        field: str | None = None,
        message: str | None = None,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.code = code or CODES.get(status, "ERROR")
        self.details = details
        self.field = field
        self.message = message
        self.headers = dict(headers or {})
        self.extra = extra


def invalid_body(details: str, field: str | None = None) -> Failure:
    """400 for a request body that is not what it must be."""
    return Failure(400, "invalid request body", details=details, field=field)


def invalid_query(details: str, field: str | None = None) -> Failure:
    """400 for a query parameter that is not what it must be."""
    return Failure(400, "invalid query parameter", details=details, field=field)


def envelope(failure: Failure, correlation_id: str) -> dict[str, Any]:
    """The JSON object of one error."""
    text = failure.message or (f"{failure.error}: {failure.details}" if failure.details else failure.error)
    body: dict[str, Any] = {
        "error": failure.error,
        "message": text,
        "detail": text,
        "code": failure.code,
        "timestamp": WallClock().now(),
        "correlation_id": correlation_id,
    }
    if failure.details:
        body["details"] = failure.details
    if failure.field:
        body["field"] = failure.field
    return {**failure.extra, **body}


def _answer(request: AnyRequest, failure: Failure) -> Answer[Any]:
    correlation_id = request.scope["state"].get("correlation_id", "")
    body = error_body(envelope(failure, correlation_id), failure.status, dialect_of(request.scope))
    return Answer(body, status_code=failure.status, headers=failure.headers)


def _on_failure(request: AnyRequest, failure: Failure) -> Answer[Any]:
    return _answer(request, failure)


def _on_http(request: AnyRequest, error: HTTPException) -> Answer[Any]:
    """Litestar's own refusals: unknown route, wrong method, body too large."""
    status = error.status_code
    headers = {str(k): str(v) for k, v in (error.headers or {}).items()}
    if status >= 500:
        log.error("request_failed", path=request.url.path, error=repr(error))
        return _answer(request, Failure(500, PLAIN_TEXT[500]))
    return _answer(request, Failure(status, PLAIN_TEXT.get(status, error.detail), headers=headers))


def _on_validation(request: AnyRequest, error: ValidationException) -> Answer[Any]:
    """A query or path parameter of the wrong type or out of range."""
    extra = error.extra if isinstance(error.extra, list) else []
    first: Any = extra[0] if extra else {}
    if missing := MISSING_PARAMETER.search(error.detail):
        field = missing[1]
        text = f"Missing required query parameters: {field}"
        return _answer(request, Failure(400, text, code="MISSING_FIELD", field=field))
    return _answer(request, invalid_query(str(first.get("message", error.detail)), first.get("key")))


def _on_bad_input(request: AnyRequest, error: BadInput) -> Answer[Any]:
    where = (
        "invalid request body" if request.method in ("POST", "PATCH", "PUT") else "invalid query parameter"
    )
    failure = Failure(400, where, details=str(error), field=error.field, code=error.code)
    if isinstance(error, BadStrategy):
        failure.extra["errors"] = [{"field": one.field, "message": one.message} for one in error.problems]
    return _answer(request, failure)


def _on_not_found(request: AnyRequest, error: NotFound) -> Answer[Any]:
    """The same answer for what another org has as for what nobody has."""
    return _answer(request, Failure(404, str(error).partition(";")[0]))


def _on_conflict(request: AnyRequest, error: Conflict) -> Answer[Any]:
    return _answer(request, Failure(409, "conflict", details=str(error), field=error.field, code=error.code))


def _on_missing_data(request: AnyRequest, error: DataUnavailable) -> Answer[Any]:
    """Market data that no source provides, or that is not stored yet."""
    return _answer(request, Failure(503, "data unavailable", details=str(error), code=error.code))


def _on_data(request: AnyRequest, error: asyncpg.DataError) -> Answer[Any]:
    """Text that Postgres cannot hold (NUL) or a number out of its range."""
    return _answer(request, Failure(400, "invalid value", details="a value cannot be stored or compared"))


def _on_ours(request: AnyRequest, error: OpenOutcryError) -> Answer[Any]:
    log.error("request_failed", path=request.url.path, error=repr(error))
    status = 500 if isinstance(error, LedgerBroken) else 503
    return _answer(request, Failure(status, str(error), code=error.code))


def _on_database(request: AnyRequest, error: Exception) -> Answer[Any]:
    log.warning("database_unavailable", path=request.url.path, error=repr(error))
    return _answer(request, database_unavailable())


def database_unavailable() -> Failure:
    """503 while Postgres cannot be reached, is too slow or has no room."""
    return Failure(
        503,
        "database unavailable",
        code="DATABASE_UNAVAILABLE",
        headers={"Retry-After": str(DATABASE_RETRY_S)},
        retry_after=DATABASE_RETRY_S,
    )


def _on_anything(request: AnyRequest, error: Exception) -> Answer[Any]:
    log.error("request_failed", path=request.url.path, exc_info=error)
    return _answer(request, Failure(500, FAULT.get(dialect_of(request.scope), PLAIN_TEXT[500])))


def answer_to(request: AnyRequest, error: Exception) -> Answer[Any]:
    """What a caller is told of an error, whoever raised it."""
    handler = next(HANDLERS[kind] for kind in type(error).__mro__ if kind in HANDLERS)
    answer: Answer[Any] = handler(request, error)  # type: ignore[assignment]  # all of ours answer so
    return answer


DATABASE_ERRORS: tuple[type[Exception], ...] = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # hung up on while idle, its end not seen yet
    asyncpg.CannotConnectNowError,
    asyncpg.InsufficientResourcesError,  # a full disk, no memory, too many connections
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.QueryCanceledError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    OSError,
    TimeoutError,
)
HANDLERS: ExceptionHandlersMap = {
    Failure: _on_failure,
    ValidationException: _on_validation,
    HTTPException: _on_http,
    BadInput: _on_bad_input,
    NotFound: _on_not_found,
    Conflict: _on_conflict,
    DataUnavailable: _on_missing_data,
    OpenOutcryError: _on_ours,
    asyncpg.DataError: _on_data,
    **dict.fromkeys(DATABASE_ERRORS, _on_database),
    Exception: _on_anything,
}
