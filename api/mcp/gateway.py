"""One HTTP client for all MCP servers of the floor, and the token each caller is known by there.

The API holds one token per server, good for no org until it is narrowed to a caller's; it cannot make a token with more
in it, nor sign a round or an approval.
"""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import httpx2
import structlog

from api.failures import Failure
from api.mcp.grants import narrowing, scopes_of
from db.identity.holder import Holder
from wire.clock import WallClock
from wire.tokens import OPTIONAL_SERVERS, narrow

log = structlog.get_logger()
CONNECT_S = 3.0
ANSWER_WITHIN_S = 60.0
MOST_CONNECTIONS = 512
RETRY_S = 2
CATALOG_S = 30.0
PROTOCOL = "2025-11-25"
JSON = "application/json"


@dataclass
class Gateway:
    """Where the servers listen, and which token of theirs we have."""

    endpoints: Mapping[str, str] = field(default_factory=dict)
    tokens: Mapping[str, str] = field(default_factory=dict)
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    _http: httpx2.AsyncClient | None = None
    _tools: dict[str, tuple[float, list[dict[str, Any]]]] = field(default_factory=dict)

    def known(self, server: str) -> str:
        """The server's address. Raises Failure 404."""
        if server not in self.endpoints or server not in self.tokens:
            there = f"there are: {', '.join(sorted(self.tokens)) or 'none on this floor'}"
            how = f"; `outcry up --servers {server}` runs it too" if server in OPTIONAL_SERVERS else ""
            raise Failure(404, "unknown MCP server", details=there + how, server=server[:60])
        return self.endpoints[server]

    @asynccontextmanager
    async def sent(
        self,
        server: str,
        holder: Holder,
        method: str,
        headers: Mapping[str, str],
        body: bytes = b"",
        *,
        waits: bool = False,
    ) -> AsyncIterator[httpx2.Response]:
        """The answer's head; its body is still to be read. ``waits``: a stream that may be silent for long.

        Raises Failure 404, 403 for a key that is limited to other things, 503 when the server does not answer.
        """
        url = self.known(server)
        if not scopes_of(holder, server):
            raise Failure(
                403, "forbidden", code="FORBIDDEN", details=f"the key's scopes open nothing of {server}"
            )
        now_s = WallClock().now().timestamp()
        bearer = narrow(self.tokens[server], narrowing(holder, server, now_s))
        read = None if waits else ANSWER_WITHIN_S
        try:
            request = self._client().build_request(
                method,
                url,
                headers={**headers, "Authorization": f"Bearer {bearer}"},
                content=body or None,
                timeout=httpx2.Timeout(ANSWER_WITHIN_S, connect=CONNECT_S, pool=CONNECT_S, read=read),
            )
            response = await self._client().send(request, stream=True)
        except httpx2.HTTPError as error:
            raise _down(server, error) from error
        try:
            if response.status_code in (401, 421) or response.status_code >= 500:
                raise _down(server, response.status_code)
            yield response
        except httpx2.HTTPError as error:  # it broke off while it was read
            raise _down(server, error) from error
        finally:
            await response.aclose()

    async def ask(
        self, server: str, holder: Holder, method: str, params: Mapping[str, Any], correlation: str
    ) -> dict[str, Any]:
        """The result of one JSON-RPC request. Raises Failure."""
        headers = {
            "Accept": f"{JSON}, text/event-stream",
            "Content-Type": JSON,
            "MCP-Protocol-Version": PROTOCOL,
            "X-Correlation-ID": correlation,
        }
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
        async with self.sent(server, holder, "POST", headers, body) as response:
            answer = json.loads(await response.aread())
        if "error" in answer:
            raise Failure(
                400, "the tool was not called", details=str(answer["error"].get("message", ""))[:500]
            )
        result: dict[str, Any] = answer["result"]
        return result

    async def tools(self, server: str, holder: Holder, correlation: str) -> list[dict[str, Any]]:
        """What a server offers, asked at most twice a minute: its tools change only when it starts anew."""
        seen = self._tools.get(server)
        if seen is None or monotonic() - seen[0] > CATALOG_S:
            found: list[dict[str, Any]] = (await self.ask(server, holder, "tools/list", {}, correlation))[
                "tools"
            ]
            self._tools[server] = seen = (monotonic(), found)
        return seen[1]

    async def close(self) -> None:
        """Close the connections."""
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def _client(self) -> httpx2.AsyncClient:
        if self._http is None:
            self._http = httpx2.AsyncClient(
                limits=httpx2.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=20),
                trust_env=False,  # a proxy variable must never see the floor's own traffic
                verify=any(url.startswith("https:") for url in self.endpoints.values()),
            )
        return self._http


def _down(server: str, why: Exception | int) -> Failure:
    log.warning("mcp_server_unavailable", server=server, why=repr(why))
    return Failure(
        503,
        "MCP server unavailable",
        code="MCP_SERVER_UNAVAILABLE",
        details=f"{server} does not answer",
        headers={"Retry-After": str(RETRY_S)},
        retry_after=RETRY_S,
        server=server,
    )
