"""The OpenAPI 3.1 document: made from the routes and what they declare about bodies, answers, roles and errors.

It is made when somebody first asks, by an app of the same handlers that serves nothing: starting stays light.
litestar says which parameters there are; everything else is ours (``api/describing``).
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, NoReturn, get_args, get_origin

import msgspec
from litestar import Litestar
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.routes import HTTPRoute
from litestar.types import ControllerRouterHandler

from api.describing import errors, headers, relayed, security
from api.describing.links import links
from api.describing.parameters import IDEMPOTENCY_KEY, parameter
from api.describing.samples import sample
from api.describing.tags import TAGS
from api.describing.types import ANY, Schema, Schemas, schemas
from api.encoding import Answer
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
JSON = "application/json"


@dataclass(frozen=True)
class Operation:
    """A route's method with what it declared, and the litestar description that is being completed."""

    method: str
    path: str
    handler: HTTPRouteHandler
    made: dict[str, Any]

    @property
    def opt(self) -> Mapping[str, Any]:
        return self.handler.opt

    @property
    def body(self) -> tuple[str, Any] | None:
        """The body's media type and its shape."""
        for name, media in (("body", JSON), ("form", FORM)):
            if (shape := self.opt.get(name)) is not None:
                return media, shape
        return None

    @property
    def answers(self) -> Mapping[int, Any]:
        """What it answers when it goes well, by status: as declared, else what the handler returns."""
        if "answers" in self.opt:
            declared: Mapping[int, Any] = self.opt["answers"]
            return declared
        if self.opt.get("relayed") or self.opt.get("handed_on"):
            return {}
        kind = self.handler.parsed_fn_signature.return_type.annotation
        if get_origin(kind) is Answer:
            kind = get_args(kind)[0]
        return {} if kind is NoReturn else {self.handler.status_code: kind}


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
    operations = list(_operations(app, made["paths"]))
    kinds = [op.body[1] for op in operations if op.body] + [
        k for op in operations for k in op.answers.values()
    ]
    known = schemas(kinds)
    for operation in operations:
        _complete(operation, known)
    return {
        "openapi": made["openapi"],
        "info": {**made["info"], "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"}},
        "servers": [{"url": "/", "description": "The floor that serves this document"}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": made["paths"],
        "components": {
            "schemas": {**known.components, "Error": dict(errors.SCHEMA), "RpcAnswer": dict(relayed.RPC)},
            "responses": errors.responses(headers.sent()),
            "headers": dict(headers.HEADERS),
            "securitySchemes": dict(security.SCHEMES),
        },
    }


def _operations(app: Litestar, paths: Mapping[str, Any]) -> Iterator[Operation]:
    for route in app.routes:
        if not isinstance(route, HTTPRoute) or route.path_format not in paths:
            continue
        for method, (handler, _) in route.route_handler_map.items():
            if (made := paths[route.path_format].get(method.lower())) is not None:
                yield Operation(method, route.path_format, handler, made)


def _complete(operation: Operation, known: Schemas) -> None:
    """Replace what litestar said by what is so."""
    made, opt = operation.made, operation.opt
    description, summary = made.get("description", ""), _summary(made.get("description", ""))
    parameters = [parameter(each, operation.path) for each in made.get("parameters", ())]
    if opt.get("idempotent"):
        parameters.append(dict(IDEMPOTENCY_KEY))
    public = bool(opt.get("public"))
    made.clear()
    made.update(
        operationId=operation_id(operation.method, operation.path),
        tags=list(operation.handler.tags or ()),
        summary=summary,
        description=f"{description}\n\n{_needs(opt)}".strip(),
        security=[] if public else security.of(bearer_only=bool(opt.get("bearer"))),
    )
    if parameters:
        made["parameters"] = parameters
    if operation.body is not None:
        made["requestBody"] = _request_body(operation.body, opt, known)
    made["responses"] = {**_answers(operation, known), **_errors(operation, public)}
    if opt.get("relayed"):
        made["responses"] |= relayed.of_mcp()
    if opt.get("handed_on"):
        made["responses"] |= relayed.of_tracking()
    made["x-role"] = "public" if public else opt.get("role", "viewer")
    if permission := opt.get("permission"):
        made["x-permission"] = permission


def operation_id(method: str, path: str) -> str:
    """``get_v1_orders_id`` for ``GET /api/v1/orders/{id}``: as stable and as unique as the path."""
    parts = re.findall(r"[A-Za-z0-9]+", path.removeprefix("/api"))
    return "_".join((method.lower(), *(parts or ("root",)))).replace("-", "_")


def _summary(description: str) -> str:
    return re.split(r"[.:;](?:\s|$)", " ".join(description.split()), maxsplit=1)[0]


def _needs(opt: Mapping[str, Any]) -> str:
    if opt.get("public"):
        return ""
    needs = f"Role: **{opt.get('role', 'viewer')}**."
    if permission := opt.get("permission"):
        needs = f"{needs} Scope: `{permission}`."
    return f"{needs} Plan: **{opt['plan']}**." if opt.get("plan") else needs


def _request_body(body: tuple[str, Any], opt: Mapping[str, Any], known: Schemas) -> Schema:
    media, shape = body
    schema, example = known.of[shape], opt.get("example")
    whole = known.components[schema["$ref"].rpartition("/")[2]]
    if opt.get("free_body"):
        schema = {**whole, "additionalProperties": dict(ANY)}
    given = dict(example) if example is not None else _sent(whole, known)
    required = bool(whole.get("required"))
    return {"required": required, "content": {media: {"schema": schema, "example": given}}}


def _sent(schema: Schema, known: Schemas) -> dict[str, Any]:
    """What a client must send; everything, where nothing must be."""
    whole: dict[str, Any] = sample(schema, known.components)
    required = schema.get("required")
    return {name: value for name, value in whole.items() if name in required} if required else whole


def _answers(operation: Operation, known: Schemas) -> dict[str, Any]:
    answers = {}
    for status, kind in operation.answers.items():
        more = ("Idempotency-Replayed",) if operation.opt.get("idempotent") else ()
        answer: dict[str, Any] = {
            "description": HTTPStatus(status).phrase,
            "headers": headers.sent(*more),
        }
        if operation.method != "HEAD" and kind is not None:
            answer["content"] = {operation.opt.get("media", JSON): _media(operation, known, kind)}
            for media in operation.opt.get("also", ()):
                answer["content"][media] = {
                    "schema": {"type": "string"},
                    "example": "name,value\nBTC/USDT,1\n",
                }
            example = answer["content"][operation.opt.get("media", JSON)]["example"]
            if found := links(operation_id(operation.method, operation.path), example):
                answer["links"] = {name: dict(link) for name, link in found.items()}
        answers[str(status)] = answer
    return answers


def _media(operation: Operation, known: Schemas, kind: Any) -> dict[str, Any]:
    schema = known.of[kind]
    example = operation.opt.get("shown")
    return {
        "schema": schema,
        "example": sample(schema, known.components) if example is None else dict(example),
    }


def _errors(operation: Operation, public: bool) -> dict[str, Any]:
    statuses = {*_usual(operation, public), *operation.opt.get("errors", ())}
    return {str(status): errors.reference(status) for status in sorted(statuses)}


def _asked(operation: Operation) -> set[str]:
    """The names of its parameters and of its body's fields."""
    fields = () if operation.body is None else operation.body[1].__struct_fields__
    return {*(each["name"] for each in operation.made.get("parameters", ())), *fields}


def _usual(operation: Operation, public: bool) -> Iterable[int]:
    yield 400  # X-API-Dialect may name no product
    if not public:
        yield from (401, 403)
    if "{" in operation.path or "session_id" in _asked(operation):
        yield 404
    if operation.body is not None:
        yield from (408, 409, 413, 415)
    if operation.opt.get("idempotent"):
        yield from (409, 422)
    yield from (414, 429, 431, 503)
