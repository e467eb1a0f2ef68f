"""``/api/v1/tools/{tool}`` and ``/api/v1/docs/tools``: the tools of the floor's MCP servers for who speaks REST."""

import json
from collections.abc import Mapping
from typing import Annotated, Any

from litestar import get, post
from litestar.params import PathParameter, QueryParameter

from api.access import caller_of
from api.bodies import Body, read_object
from api.encoding import Answer
from api.failures import Failure
from api.floor import Floor, TheFloor
from api.idempotency import once
from api.mcp.grants import scopes_of
from api.requests import AnyRequest
from api.shapes.base import Shape
from openoutcry.types.frozen import Frozen
from wire.server import SCOPE_META_KEY

MOST_BODY = 1024 * 1024
STATUS: Mapping[str, int] = {
    "INVALID_ARGUMENT": 400,
    "BAD_SYMBOL": 400,
    "NOT_AUTHORISED": 403,
    "NOT_FOUND": 404,
    "DATA_UNAVAILABLE": 503,
    "INTERNAL": 503,
}
"""What a tool's error is as a status; any other says that what was asked cannot be done (409)."""
ToolName = Annotated[
    str, PathParameter(description="A tool's name, or server.name where two servers have one of that name.")
]


class Arguments(Body, frozen=True, kw_only=True):
    """The tool's arguments by name, as `/api/v1/docs/tools` describes them under `input_schema`."""


class ToolItem(Shape, frozen=True, kw_only=True):
    """A tool; ``allowed``: whether this caller may call it."""

    name: str
    server: str
    description: str
    path: str
    scope: str
    read_only: bool
    destructive: bool
    allowed: bool
    input_schema: dict[str, Any]
    output_schema: dict[str, Any] | None


class ToolList(Shape, frozen=True, kw_only=True):
    """Every tool there is; ``unavailable`` are servers that do not answer at the moment."""

    success: bool
    tools: list[ToolItem]
    total: int
    unavailable: list[str]


class ToolAnswer(Shape, frozen=True, kw_only=True):
    """What a tool answered; ``result`` is its structured content."""

    success: bool
    tool: str
    server: str
    result: dict[str, Any]


class Called(Frozen):
    """A call, for Idempotency-Key."""

    tool: str
    arguments: dict[str, Any]


@get("/api/v1/docs/tools", tags=["mcp"], within=True)
async def list_tools(
    request: AnyRequest,
    floor: TheFloor,
    server: Annotated[str | None, QueryParameter(description="Only of this server.", required=False)] = None,
) -> ToolList:
    """Every tool of the MCP servers, with the schemas of arguments and answer."""
    if server is not None:
        floor.mcp.known(server)
    found, silent = await _catalog(request, floor, server)
    return ToolList(success=True, tools=found, total=len(found), unavailable=silent)


@post(
    "/api/v1/tools/{tool:str}", tags=["mcp"], within=True, body=Arguments, example={"symbol": "BTC/USDT"},
    idempotent=True, status_code=200, request_max_body_size=MOST_BODY, free_body=True, errors=(404,),
)  # fmt: skip
async def call_tool(request: AnyRequest, floor: TheFloor, tool: ToolName) -> Answer[ToolAnswer]:
    """Call a tool of an MCP server. What it refuses is an error with its `code`, `field` and `suggestion`."""
    arguments = await read_object(request)
    wanted = await _meant(request, floor, tool)

    async def work(_: str | None) -> ToolAnswer:
        params = {"name": wanted.name, "arguments": arguments}
        answer = await floor.mcp.ask(wanted.server, caller_of(request), "tools/call", params, _id(request))
        if answer.get("isError"):
            raise _refused(wanted, answer)
        return ToolAnswer(
            success=True, tool=wanted.name, server=wanted.server, result=answer.get("structuredContent") or {}
        )

    called = Called(tool=f"{wanted.server}.{wanted.name}", arguments=arguments)
    return await once(request, floor, called, work, repeatable=wanted.read_only)


async def _catalog(request: AnyRequest, floor: Floor, only: str | None) -> tuple[list[ToolItem], list[str]]:
    """The tools, and the servers that could not be asked."""
    holder, found, silent = caller_of(request), list[ToolItem](), list[str]()
    for server in sorted(floor.mcp.tokens) if only is None else [only]:
        scopes = scopes_of(holder, server)
        if not scopes:
            continue
        try:
            tools = await floor.mcp.tools(server, holder, _id(request))
        except Failure as failure:
            if failure.status != 503:
                raise
            silent.append(server)
            continue
        found.extend(_item(server, tool, scopes) for tool in tools)
    return found, silent


async def _meant(request: AnyRequest, floor: Floor, name: str) -> ToolItem:
    """The tool of a path. Raises Failure 404, 400 where two servers have it, 503 where it may be a silent server's."""
    server, point, plain = name.partition(".")
    if point:
        floor.mcp.known(server)
    found, silent = await _catalog(request, floor, server if point else None)
    meant = [item for item in found if item.name == (plain if point else name)]
    if len(meant) > 1:
        both = ", ".join(f"{item.server}.{item.name}" for item in meant)
        raise Failure(400, "more than one server has this tool", details=f"say which: {both}", field="tool")
    if meant:
        return meant[0]
    if silent:
        raise Failure(
            503, "MCP server unavailable", code="MCP_SERVER_UNAVAILABLE", retry_after=2,
            headers={"Retry-After": "2"}, details=f"{', '.join(silent)} do not answer, and {name[:60]} may be theirs",
        )  # fmt: skip
    raise Failure(404, "tool not found", details="GET /api/v1/docs/tools lists them", tool=name[:100])


def _item(server: str, tool: dict[str, Any], scopes: tuple[str, ...]) -> ToolItem:
    hints = tool.get("annotations") or {}
    scope = (tool.get("_meta") or {}).get(SCOPE_META_KEY, "")
    return ToolItem(
        name=tool["name"],
        server=server,
        description=tool.get("description") or "",
        path=f"/api/v1/tools/{tool['name']}",
        scope=scope,
        read_only=bool(hints.get("readOnlyHint")),
        destructive=bool(hints.get("destructiveHint")),
        allowed=scope in scopes,
        input_schema=tool["inputSchema"],
        output_schema=tool.get("outputSchema"),
    )


def _refused(tool: ToolItem, answer: dict[str, Any]) -> Failure:
    """A tool's error as an error of ours."""
    text = "".join(part.get("text", "") for part in answer.get("content", ()))
    try:
        said = json.loads(text)
    except ValueError:
        said = {"code": "TOOL_ERROR", "message": text[:500]}
    code = str(said.get("code", "TOOL_ERROR"))
    status = STATUS.get(code, 409)
    return Failure(
        status,
        f"{tool.name} refused",
        code=code,
        details=str(said.get("message", "")),
        field=said.get("field"),
        suggestion=str(said.get("suggestion", "")),
        tool=tool.name,
    )


def _id(request: AnyRequest) -> str:
    return str(request.scope["state"]["correlation_id"])


HANDLERS = [list_tools, call_tool]
