"""``/mcp/{server}``: the floor's MCP servers over streamable HTTP, behind the API's own keys and tokens."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

import httpx2
from litestar import delete, get, post
from litestar.params import PathParameter
from litestar.response import Response, Stream

from api.access import caller_of
from api.bodies import Body, raw_body
from api.encoding import Answer
from api.floor import Floor, TheFloor
from api.mcp.addresses import check_addresses
from api.requests import AnyRequest

MOST_BODY = 1024 * 1024
PASSED = ("accept", "content-type", "last-event-id", "traceparent", "tracestate")
RETURNED = ("content-type", "allow")
EVENTS = "text/event-stream"
Server = Annotated[
    str,
    PathParameter(description="market, indicators, risk, execution; memory and news where they run."),
]
LIST_TOOLS = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


class Message(Body, frozen=True, kw_only=True):
    """A JSON-RPC message of the Model Context Protocol, revision 2025-11-25 or 2026-07-28."""

    jsonrpc: str
    method: str | None = None
    id: str | int | None = None
    params: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


@post(
    "/mcp/{server:str}", tags=["mcp"], within=True, body=Message, example=LIST_TOOLS, relayed=True,
    status_code=200, request_max_body_size=MOST_BODY,
)  # fmt: skip
async def send(request: AnyRequest, floor: TheFloor, server: Server) -> Response[Any]:
    """Send an MCP server a message. Accept both `application/json` and `text/event-stream`."""
    check_addresses(request, floor.mcp.hosts, floor.mcp.origins)
    floor.mcp.known(server)
    return await _relayed(request, floor, server, await raw_body(request))


@get("/mcp/{server:str}", tags=["mcp"], within=True, relayed=True, media_type=EVENTS)
async def listen(request: AnyRequest, floor: TheFloor, server: Server) -> Response[Any]:
    """Listen to what an MCP server says by itself (`text/event-stream`)."""
    check_addresses(request, floor.mcp.hosts, floor.mcp.origins)
    return await _relayed(request, floor, server, b"", waits=True)


@delete("/mcp/{server:str}", tags=["mcp"], within=True, relayed=True, status_code=200)
async def end(request: AnyRequest, floor: TheFloor, server: Server) -> Response[Any]:
    """End an MCP session. The floor's servers keep none, and say so (405)."""
    check_addresses(request, floor.mcp.hosts, floor.mcp.origins)
    return await _relayed(request, floor, server, b"")


async def _relayed(
    request: AnyRequest, floor: Floor, server: str, body: bytes, *, waits: bool = False
) -> Response[Any]:
    """The server's answer: a stream as it comes, anything else whole."""
    async with AsyncExitStack() as stack:
        answer = await stack.enter_async_context(
            floor.mcp.sent(server, caller_of(request), request.method, _headers(request), body, waits=waits)
        )
        status, headers = answer.status_code, _returned(answer)
        if not answer.headers.get("content-type", "").startswith(EVENTS):
            return Answer(
                await answer.aread(),
                status_code=status,
                headers=headers,
                media_type=headers.get("content-type", ""),
            )
        return Stream(
            _events(answer, stack.pop_all()), status_code=status, headers=headers, media_type=EVENTS
        )


async def _events(answer: httpx2.Response, stack: AsyncExitStack) -> AsyncIterator[bytes]:
    async with stack:
        async for part in answer.aiter_raw():
            yield part


def _headers(request: AnyRequest) -> dict[str, str]:
    """The headers that are the protocol's; credentials, cookies and addresses end here."""
    kept = {
        name: value for name, value in request.headers.items() if name in PASSED or name.startswith("mcp-")
    }
    return {
        **kept,
        "accept-encoding": "identity",
        "x-correlation-id": request.scope["state"]["correlation_id"],
    }


def _returned(answer: httpx2.Response) -> dict[str, str]:
    return {
        name: value for name, value in answer.headers.items() if name in RETURNED or name.startswith("mcp-")
    }


HANDLERS = [send, listen, end]
