"""The floor's real MCP servers, built once and called below the transport.

Building a server costs far more than a whole simulated run, so its tools find what they stand on through the process
that is running: each simulated process has its own.
"""

from functools import cache
from types import SimpleNamespace
from typing import Any

import msgspec

from agents.registry import discover as discover_agents
from agents.seated import SeatedAgent
from agents.server import build as build_agent
from mcp_servers.execution.server import build as build_execution
from mcp_servers.indicators.server import build as build_indicators
from mcp_servers.market.server import build as build_market
from mcp_servers.risk.server import build as build_risk
from mcp_servers.toolkit import Present
from simulator.engine.process import CURRENT
from simulator.world.network import Answer, Served
from wire.clock import WallClock
from wire.config import DEFAULT_ORG, FLOOR_SCOPES
from wire.server import FloorServer
from wire.tokens import SERVERS, derive_key

ROOT = b"simulated floor key, 32 bytes....."
BUILDERS: dict[str, Any] = {
    "market": build_market,
    "indicators": build_indicators,
    "risk": build_risk,
    "execution": build_execution,
}


class _Hosting:
    """What a server stands on: its name and keys for ever, its ``deps`` those of the process that runs."""

    port = None
    org_id = DEFAULT_ORG

    def __init__(self, name: str) -> None:
        self.key = derive_key(ROOT, name)
        self.local_scopes = FLOOR_SCOPES[name]

    @property
    def deps(self) -> Any:
        """Of the running process."""
        return CURRENT.get().deps

    async def present(self) -> Present:
        """Outside a round it is the wall's time."""
        return Present(WallClock().now(), "recorded")


class _Seated:
    """The agent on its seat in the process that runs."""

    def __init__(self, name: str) -> None:
        self.agent = discover_agents().named(name)

    async def vote(self, snapshot: Any, token: str | None, heard: Any = ()) -> Any:
        """The running process's agent answers."""
        seated: SeatedAgent = CURRENT.get().deps
        return await seated.vote(snapshot, token, heard)

    def about(self) -> Any:
        """Nobody asks."""
        raise NotImplementedError


@cache
def server(name: str) -> FloorServer:
    """The real server of that name."""
    if name in SERVERS:
        built: FloorServer = BUILDERS[name](_Hosting(name))
        return built
    seated: Any = _Seated(name.removeprefix("agent-"))
    return build_agent(seated, key=derive_key(ROOT, name), port=None, org_id=DEFAULT_ORG)


def served(name: str, told: Any = None) -> Served:
    """Requests to the server of that name: everything of a real call but the JSON-RPC session around it.

    ``told`` hears what was answered of ballots and orders.
    """
    answering = server(name)

    async def serve(tool: str, arguments: dict[str, Any], meta: dict[str, Any]) -> Answer:
        context = SimpleNamespace(request_context=SimpleNamespace(meta=meta))
        result = await answering.call_tool(tool, arguments, context)
        if result.is_error:
            return True, "".join(getattr(part, "text", "") for part in result.content).encode()
        content = result.structured_content
        if tool == "vote" and told is not None:
            answer = content["answer"]
            told("ballot_told", agent=answer["agent"], answer=answer["kind"], said=answer.get("action"),
                 why=answer.get("reasoning"))  # fmt: skip
        elif tool == "place_order" and told is not None and content.get("order"):
            order = content["order"]
            told("order_told", seq=order["order_seq"], leg=order["leg"], status=order["status"])
        return False, msgspec.json.encode(content)

    return serve
