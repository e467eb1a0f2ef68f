"""Calling MCP servers: one long-lived client per server, a deadline on every call, typed errors."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import httpx2
import structlog
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from mcp.server import MCPServer
from mcp.types import CallToolRequest, CallToolRequestParams, CallToolResult

from openoutcry.errors import BadInput, DataUnavailable, NotAuthorised, ToolFailed
from openoutcry.version import VERSION
from wire.patience import waiting
from wire.tokens import ROUND_META_KEY

log = structlog.get_logger()
CONNECT_TIMEOUT_S = 5.0
OURS = "open-outcry-"
"""How the servers of a floor call themselves."""


class Connection:
    """A client of one MCP server, by URL with a bearer token, or in memory by the server object.

    Connects on first use and again after a failure. Concurrent calls share it.
    """

    def __init__(self, name: str, target: str | MCPServer[Any], token: str | None = None) -> None:
        self.name = name
        self._target = target
        self._token = token
        self._client: Client | None = None
        self._holder: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()
        self._lock = asyncio.Lock()
        self._refused = False
        self._epoch = 0

    @property
    def epoch(self) -> int:
        """How often it has connected: another number, and the server may be another one."""
        return self._epoch

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, Any],
        *,
        round_token: str | None = None,
        timeout_s: float = 5.0,
    ) -> dict[str, Any]:
        """Structured content of one tool call.

        Raises ToolFailed (code DEADLINE, UNREACHABLE, VERSION or the tool's own), DataUnavailable, BadInput or NotAuthorised.
        """
        meta: Any = {**waiting(timeout_s), **({ROUND_META_KEY: round_token} if round_token else {})}
        try:
            async with asyncio.timeout(timeout_s):
                client = self._client or await self._connect()
                params = CallToolRequestParams(name=tool, arguments=dict(arguments), _meta=meta)
                # Client.call_tool would check the answer against its schema in pure Python, an eighth of a round's
                # CPU; whoever asked parses it into a strict type anyway.
                result = await client.session.send_request(
                    CallToolRequest(params=params), CallToolResult, request_read_timeout_seconds=timeout_s
                )
        except TimeoutError as error:
            raise ToolFailed(
                f"{self.name}.{tool}", "DEADLINE", f"no answer within {timeout_s:g} s"
            ) from error
        except (MCPError, httpx2.HTTPError, OSError, RuntimeError, ValueError, ExceptionGroup) as error:
            await self._drop()
            raise self._fault(f"{self.name}.{tool}", error) from error
        if result.is_error:
            raise tool_error(
                f"{self.name}.{tool}", "".join(getattr(part, "text", "") for part in result.content)
            )
        return result.structured_content or {}

    async def list_tools(self) -> list[dict[str, Any]]:
        """The server's tools as plain dicts."""
        try:
            async with asyncio.timeout(CONNECT_TIMEOUT_S):
                client = self._client or await self._connect()
                found = (await client.list_tools()).tools
        except (MCPError, httpx2.HTTPError, OSError, RuntimeError, ExceptionGroup) as error:
            await self._drop()
            raise self._fault(self.name, error) from error
        return [tool.model_dump(mode="json", by_alias=True) for tool in found]

    async def close(self) -> None:
        """Close the client; the connection may be used again."""
        await self._drop()

    async def _connect(self) -> Client:
        async with self._lock:
            if self._client is not None:
                return self._client
            ready: asyncio.Future[Client] = asyncio.get_running_loop().create_future()
            self._closing = asyncio.Event()
            # The client's cancel scopes must be entered and left in one task, so a task of its own holds it open.
            self._holder = asyncio.create_task(self._hold(ready, self._closing), name=f"mcp-{self.name}")
            self._client = await asyncio.shield(ready)
            self._epoch += 1
            return self._client

    async def _note_status(self, response: httpx2.Response) -> None:
        # The SDK folds every HTTP error into one text; who may not call should be told so.
        self._refused = response.status_code in (401, 403)

    async def _hold(self, ready: asyncio.Future[Client], closing: asyncio.Event) -> None:
        try:
            async with contextlib.AsyncExitStack() as stack:
                target: Any = self._target
                if isinstance(self._target, str):
                    headers = {"Authorization": f"Bearer {self._token}"} if self._token else {}
                    http = await stack.enter_async_context(
                        httpx2.AsyncClient(
                            headers=headers,
                            timeout=httpx2.Timeout(60.0, connect=CONNECT_TIMEOUT_S),
                            trust_env=False,  # a proxy variable must never see the floor's own traffic
                            # Reading every authority's certificate takes 40 ms of a core for each connection.
                            verify=self._target.startswith("https:"),
                            event_hooks={"response": [self._note_status]},
                        )
                    )
                    target = streamable_http_client(self._target, http_client=http)
                client = await stack.enter_async_context(Client(target, cache=None))
                _same_version(self.name, client)
                if not ready.done():
                    ready.set_result(client)
                await closing.wait()
        except Exception as error:
            if ready.done():
                log.info("mcp_connection_lost", server=self.name, error=repr(error))
            else:
                ready.set_exception(self._fault(self.name, error))
        finally:
            self._client = None

    def _fault(self, tool: str, error: BaseException) -> ToolFailed | NotAuthorised:
        if self._refused:
            return NotAuthorised(f"{tool}: the server refused our token")
        return _transport_fault(tool, error)

    async def _drop(self) -> None:
        holder, self._holder, self._client = self._holder, None, None
        self._closing.set()
        if holder is not None and holder is not asyncio.current_task():
            with contextlib.suppress(Exception, asyncio.CancelledError):
                await asyncio.wait_for(asyncio.shield(holder), 2.0)
            holder.cancel()


def _same_version(name: str, client: Client) -> None:
    """Raises ToolFailed (code VERSION) for a process of ours that runs another version: half a floor of old code is none."""
    server = client.server_info
    if server is not None and server.name.startswith(OURS) and server.version != VERSION:
        raise ToolFailed(name, "VERSION", f"it runs {server.version}, this process {VERSION}: restart both")


def _root(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup) and error.exceptions:
        error = error.exceptions[0]
    return error


def _transport_fault(tool: str, error: BaseException) -> ToolFailed:
    cause = _root(error)
    if isinstance(cause, ToolFailed):
        return cause
    text = f"{type(cause).__name__}: {cause}"
    code = "DEADLINE" if isinstance(cause, MCPError) and "imed out" in text else "UNREACHABLE"
    return ToolFailed(tool, code, text)


def tool_error(tool: str, text: str) -> Exception:
    try:
        body = json.loads(text)
        code, message = str(body["code"]), str(body["message"])
    except (ValueError, KeyError, TypeError):
        return ToolFailed(tool, "TOOL_ERROR", text[:500])
    if code == DataUnavailable.code:
        return DataUnavailable(message)
    if code == BadInput.code:
        return BadInput(message, field=body.get("field"))
    if code == NotAuthorised.code:
        return NotAuthorised(message)
    return ToolFailed(tool, code, message)
