"""How a tool becomes part of a server: one decorated function per file, found by folder.

    @tool(scope="md:read", read_only=True)
    async def get_price(call: Call[MarketDeps], symbol: SymbolArg) -> Price: ...

The wrapper checks the caller's scope, cuts time at the round's ``as_of``, names the result by its digest, and turns
the exception tree into error results ``{"code", "message", "field", "suggestion"}``. Schemas come from signatures.
"""

import contextlib
import importlib
import inspect
import json
import pkgutil
import typing
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import ModuleType
from typing import Annotated, Any, Generic, TypeVar

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field, TypeAdapter, ValidationError, WithJsonSchema

from openoutcry.canonical import digest
from openoutcry.errors import NotAuthorised
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Source
from openoutcry.version import VERSION
from wire.calls import CallerVerifier, current_caller, current_round
from wire.host import auth_settings, resource_url
from wire.patience import until
from wire.server import SCOPE_META_KEY, FloorServer, argument_error
from wire.tokens import Caller, RoundClaims

TEXT_LIMIT = 4000
D = TypeVar("D")

SymbolArg = Annotated[
    str, Field(description="Trading pair, e.g. BTC/USDT; perpetual: BTC/USDT:USDT", max_length=40)
]
TimeframeArg = Annotated[
    str, Field(description="Bar length: 1m 3m 5m 15m 30m 1h 2h 4h 6h 8h 12h 1d", max_length=10)
]
Column = Annotated[list[float | None], WithJsonSchema({"type": "array"})]
"""A long numeric column. Declared as a bare array: clients validate results in pure Python, item by item."""
Stamps = Annotated[list[int], WithJsonSchema({"type": "array"})]


class ToolResult(Frozen):
    """What every answer carries: the id a vote cites, the time it is cut at, and where its data comes from."""

    result_id: str = ""
    as_of: datetime
    source: Source
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Call(Generic[D]):
    """One tool call: the server's dependencies, the caller, the time beyond which nothing may be seen, and until when the
    caller waits.
    """

    deps: D
    caller: Caller
    as_of: datetime
    source: Source
    round: RoundClaims | None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ToolSpec:
    """A decorated tool function."""

    fn: Callable[..., Awaitable[ToolResult]]
    scope: str
    annotations: ToolAnnotations

    @property
    def name(self) -> str:
        """The tool's name: its function's."""
        return self.fn.__name__


def tool(
    *, scope: str, read_only: bool = False, destructive: bool = False, idempotent: bool | None = None
) -> Callable[[Callable[..., Awaitable[ToolResult]]], ToolSpec]:
    """Declare a tool. ``scope`` is what its caller's token must grant."""
    hints = ToolAnnotations(
        read_only_hint=read_only,
        destructive_hint=destructive,
        idempotent_hint=read_only if idempotent is None else idempotent,
        open_world_hint=False,
    )
    return lambda fn: ToolSpec(fn=fn, scope=scope, annotations=hints)


@dataclass(frozen=True, slots=True)
class Present:
    """The floor's time outside a round: the clock's ``as_of`` and what kind of market it is."""

    as_of: datetime
    source: Source


@dataclass(frozen=True, slots=True)
class Hosting(Generic[D]):
    """What a server needs to answer: its dependencies, the floor's present, and the key that proves callers."""

    deps: D
    present: Callable[[], Awaitable[Present]]
    key: bytes
    local_scopes: tuple[str, ...]
    port: int | None = None
    org_id: str = ""


@contextlib.contextmanager
def blaming_arguments() -> Iterator[None]:
    """Make a model of the caller's arguments: what does not fit is theirs to correct, and is named.

    A model of anything else that does not fit is a crash.
    """
    try:
        yield
    except ValidationError as error:
        raise argument_error(error) from error


def discover(package: ModuleType) -> list[ToolSpec]:
    """Every tool declared in the modules of a ``tools`` package, by name. Two of one name are an error."""
    found: dict[str, ToolSpec] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda item: item.name):
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        for spec in vars(module).values():
            if isinstance(spec, ToolSpec):
                if spec.name in found and found[spec.name] is not spec:
                    raise RuntimeError(f"two tools are named {spec.name}")
                found[spec.name] = spec
    return [found[name] for name in sorted(found)]


def build_server(name: str, tools: list[ToolSpec], hosting: Hosting[D], *, instructions: str) -> FloorServer:
    """An MCP server of these tools. With a port it verifies bearer tokens; without (stdio, memory) it trusts its pipe."""
    port = hosting.port
    server = FloorServer(
        f"open-outcry-{name}",
        version=VERSION,
        instructions=instructions,
        log_level="WARNING",
        token_verifier=CallerVerifier(hosting.key, name, resource_url(port)) if port is not None else None,
        auth=auth_settings(port) if port is not None else None,
    )
    for spec in tools:
        server.add_tool(
            _wrapped(name, spec, hosting),
            name=spec.name,
            description=inspect.getdoc(spec.fn),
            annotations=spec.annotations,
            meta={SCOPE_META_KEY: spec.scope},
        )
        registered = server._tool_manager.get_tool(spec.name)
        if registered is not None:
            # The wrapper's answer is a validated model already: publish what it is on the wire, do not validate again.
            registered.fn_metadata.output_model = None
            registered.fn_metadata.output_schema = TypeAdapter(_hints(spec)["return"]).json_schema(
                mode="serialization"
            )
    return server


async def call_of(server: str, what: str, scope: str, hosting: Hosting[D], ctx: Context[Any, Any]) -> Call[D]:
    """Who asks, on whose behalf, and until when. Raises NotAuthorised without the scope and for a forged round."""
    local = Caller(client_id="local", audience=server, scopes=hosting.local_scopes, org_id=hosting.org_id)
    caller = current_caller(local)
    if scope not in caller.scopes and "admin" not in caller.scopes:
        raise NotAuthorised(f"{what} needs the scope {scope}")
    claims = current_round(ctx, hosting.key, server)
    now = Present(claims.as_of, claims.source) if claims else await hosting.present()
    return Call(hosting.deps, caller, now.as_of, now.source, claims, until(ctx.request_context.meta))


def _hints(spec: ToolSpec) -> dict[str, Any]:
    return typing.get_type_hints(spec.fn, include_extras=True)


def _wrapped(server: str, spec: ToolSpec, hosting: Hosting[D]) -> Callable[..., Awaitable[CallToolResult]]:
    hints = _hints(spec)
    signature = inspect.signature(spec.fn)
    parameters = [
        p.replace(annotation=hints[p.name]) for p in signature.parameters.values() if p.name != "call"
    ]
    result_type = hints["return"]

    async def run(ctx: Context[Any, Any], **arguments: Any) -> CallToolResult:
        result = await spec.fn(await call_of(server, spec.name, spec.scope, hosting, ctx), **arguments)
        return answer(f"{server}.{spec.name}", arguments, result)

    context = inspect.Parameter("ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=Context)
    returns = Annotated[CallToolResult, result_type]
    run.__signature__ = inspect.Signature([context, *parameters], return_annotation=returns)  # type: ignore[attr-defined]
    run.__annotations__ = {"ctx": Context, **{p.name: p.annotation for p in parameters}, "return": returns}
    run.__name__ = spec.name
    return run


def answer(tool_name: str, arguments: dict[str, Any], result: ToolResult) -> CallToolResult:
    """A result with its id (digest of tool, arguments and content) and a short text form."""
    content = result.model_dump(mode="json")
    content.pop("result_id", None)
    asked = {key: _told(value) for key, value in arguments.items()}
    content["result_id"] = digest([tool_name, asked, content])[:24]
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    if len(text) > TEXT_LIMIT:
        text = f"{text[:TEXT_LIMIT]}… ({len(text)} characters in all; the whole answer is in the structured content)"
    return CallToolResult(content=[TextContent(type="text", text=text)], structured_content=content)


def _told(argument: Any) -> Any:
    """An argument as plain data, models in lists included."""
    if isinstance(argument, Frozen):
        return argument.model_dump(mode="json")
    return [_told(item) for item in argument] if isinstance(argument, list) else argument
