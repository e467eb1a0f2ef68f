"""The OpenAPI 3.1 document: made from the routes and what they declare about bodies, roles and errors.

It is made when somebody first asks, by an app of the same handlers that serves nothing: starting stays light.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from api.amounts import Number
from api.forms import FORM
from openoutcry.version import VERSION

DESCRIPTION = """\
A floor of agents that look, vote and act on one decision that can be explained, searched and replayed.

Authenticate with an API key or an access token (`POST /token`, `POST /oauth2/token`) as
`Authorization: Bearer <key or token>`, or with a key as `X-API-Key: <key>`. Roles: **viewer** reads,
**trader** places orders and steers sessions, **admin** changes configuration and throws the kill switch.
Money is a JSON number with exact decimals; times are RFC 3339 in UTC. Every answer carries `X-Correlation-ID`
and `X-RateLimit-*` headers, every error is one JSON object. The live stream is `GET /api/v1/ws` (WebSocket).
"""
ERRORS: Mapping[int, str] = {
    400: "The request is malformed; `field` names what is wrong",
    401: "No valid key or token",
    403: "The role, the scopes or the plan do not allow this",
    404: "Nothing there",
    405: "The server takes no such request",
    406: "The server answers in no kind that is accepted",
    409: "It conflicts with what is already so",
    413: "The body is too large",
    415: "The body is of another kind",
    421: "The Host is none of this floor's",
    422: "Too little history, or values that contradict what they are for",
    500: "It went wrong here; the fault is in the log",
    429: "Too many requests; wait `Retry-After` seconds",
    503: "The database or the floor cannot answer; wait `Retry-After` seconds",
}
ERROR_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["error", "message", "detail", "code", "timestamp", "correlation_id"],
    "properties": {
        "error": {"type": "string", "description": "Short human text"},
        "message": {"type": "string", "description": "The whole of it"},
        "detail": {"type": "string", "description": "Same as message"},
        "code": {"type": "string", "description": "Stable, for programs"},
        "timestamp": {"type": "string", "format": "date-time"},
        "correlation_id": {"type": "string"},
        "details": {"type": "string"},
        "field": {"type": "string"},
        "retry_after": {"type": "integer"},
    },
    "additionalProperties": True,
    "examples": [
        {
            "error": "invalid request body",
            "message": "invalid request body: Price is required for limit orders",
            "detail": "invalid request body: Price is required for limit orders",
            "code": "INVALID_ARGUMENT",
            "timestamp": "2025-01-15T10:30:00Z",
            "correlation_id": "9f2c4e0b7d6a4c1f8e3b5a7092d1c6e4",
            "details": "Price is required for limit orders",
            "field": "price",
        }
    ],
}
SECURITY_SCHEMES: Mapping[str, Any] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key or access token"},
    "api_key": {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "An API key"},
}


def document(handlers: Sequence[ControllerRouterHandler]) -> dict[str, Any]:
    """The whole document as a JSON-like dict."""
    config = OpenAPIConfig(
        title="Open Outcry",
        version=VERSION,
        description=DESCRIPTION,
        use_handler_docstrings=True,
        path="/unused",
    )
    nobody = Provide(lambda: None, sync_to_thread=False)
    app = Litestar(route_handlers=handlers, openapi_config=config, dependencies={"floor": nobody})
    made: dict[str, Any] = msgspec.to_builtins(app.openapi_schema.to_schema())
    made["components"]["schemas"]["Error"] = dict(ERROR_SCHEMA)
    made["components"]["securitySchemes"] = dict(SECURITY_SCHEMES)
    for operation, handler in _operations(app, made["paths"]):
        _complete(operation, handler.opt, made["components"]["schemas"])
    return made


def _operations(app: Litestar, paths: Mapping[str, Any]) -> Iterator[tuple[dict[str, Any], Any]]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path_format not in paths:
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if (operation := paths[route.path_format].get(method.lower())) is not None:
                yield operation, handler


def _complete(operation: dict[str, Any], opt: Mapping[str, Any], schemas: dict[str, Any]) -> None:
    public = bool(opt.get("public"))
    role = "public" if public else opt.get("role", "viewer")
    operation["x-role"] = role
    operation["security"] = [] if public else [{"bearer": []}, {"api_key": []}]
    if opt.get("bearer"):
        operation["security"] = [{"bearer": []}]
    if not public:
        needs = f"Role: **{role}**."
        if permission := opt.get("permission"):
            operation["x-permission"] = permission
            needs = f"{needs} Scope: `{permission}`."
        if plan := opt.get("plan"):
            needs = f"{needs} Plan: **{plan}**."
        operation["description"] = f"{operation.get('description', '')}\n\n{needs}".strip()
    body = opt.get("body") or opt.get("form")
    if body is not None:
        kind = "application/json" if "body" in opt else FORM
        operation["requestBody"] = _request_body(body, kind, opt.get("example"), schemas)
        if opt.get("free_body"):
            operation["requestBody"]["content"][kind]["schema"]["additionalProperties"] = True
    if (shown := opt.get("shown")) is not None:
        operation["responses"]["200"]["content"]["application/json"]["example"] = dict(shown)
    if opt.get("idempotent"):
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    operation["responses"].pop("400", None)
    conflicts = (400, 422) if opt.get("idempotent") else ()
    for status in sorted({*_errors(operation, public, body is not None), *opt.get("errors", ()), *conflicts}):
        operation["responses"][str(status)] = {
            "description": ERRORS[status],
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
        }
    if opt.get("relayed"):
        _relayed(operation["responses"])


def _relayed(responses: dict[str, Any]) -> None:
    """What a server behind the API answers is passed on: the protocol's own errors stand beside ours."""
    any_object = {"application/json": {"schema": {"type": "object"}}}
    for status in (200, 400, 404, 405, 406, 415):
        responses[str(status)] = {
            "description": ERRORS.get(status, "The server's answer"),
            "content": any_object,
        }
    responses["200"]["content"] = {**any_object, "text/event-stream": {"schema": {"type": "string"}}}
    responses["202"] = {"description": "A notification was taken"}
    responses["421"] = {"description": ERRORS[421], "content": any_object}


IDEMPOTENCY_KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Repeat safely: the same key and body give the first answer, another body is refused (422).",
    "schema": {"type": "string", "maxLength": 200},
}


def _errors(operation: Mapping[str, Any], public: bool, has_body: bool) -> Iterable[int]:
    if operation.get("parameters") or has_body:
        yield 400
    if not public:
        yield from (401, 403)
    if any(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
        yield 404
    if has_body:
        yield from (409, 413, 415)
    yield from (429, 503)


def _request_body(
    shape: type[msgspec.Struct], kind: str, example: Mapping[str, Any] | None, schemas: dict[str, Any]
) -> dict[str, Any]:
    """The body's schema stands in its operation; those of its parts go to ``schemas``."""
    parts = msgspec.json.schema_components(
        [shape], schema_hook=_schema_hook, ref_template="#/components/schemas/{name}"
    )[1]
    schema = parts.pop(shape.__name__)
    schemas.update(parts)
    media: dict[str, Any] = {"schema": schema}
    if example is not None:
        media["example"] = dict(example)
    return {"required": bool(schema.get("required")), "content": {kind: media}}


def _schema_hook(kind: type) -> dict[str, Any]:
    if kind is Number:
        return {"type": "number"}
    raise NotImplementedError
