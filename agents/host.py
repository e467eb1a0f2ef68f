"""The strategies' host: one process for every strategy that has a seat, asked for each one's vote by its definition.

The host knows neither the registry nor the database: whoever asks says which strategy votes, as the floor's seating
has it in this round. So a strategy takes or leaves its seat between two rounds, and no process starts or ends.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Annotated, Any

from mcp.server import MCPServer
from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent
from pydantic import Field

from agents.cast import abstention
from agents.llm import build as build_mind
from agents.seated import About, SeatedAgent
from agents.server import READS, SCOPE, BallotResult, SnapshotArg, in_short
from agents.strategist import TOOLS, strategist
from agents.toolbox import Server
from openoutcry.errors import BadInput, NotAuthorised, StartupRefused
from openoutcry.settings import AgentSettings
from openoutcry.strategy.defaults import TradingDefaults
from openoutcry.strategy.seat import StrategySeat
from openoutcry.types.frozen import Frozen
from openoutcry.types.market import Snapshot
from openoutcry.types.votes import Ballot
from openoutcry.version import VERSION
from wire.calls import CallerVerifier, current_caller, round_token
from wire.config import ProcessConfig
from wire.connect import Connection
from wire.host import auth_settings, resource_url, run, serve_http
from wire.server import SCOPE_META_KEY, FloorServer
from wire.strategies import load_trading_defaults
from wire.tokens import Caller

NAME = "strategies"
MOST_KNOWN = 256
"""Definitions kept read; the one not asked for the longest is forgotten first."""
INSTRUCTIONS = (
    "Strategies of the registry as agents: vote says what one calls on a snapshot by its own rules; about lists those "
    "that have been asked."
)
SeatArg = Annotated[
    StrategySeat, Field(description="The seat: agent name, weight, and the strategy's definition")
]


class Hosted(Frozen):
    """The strategies asked since the process started."""

    strategies: tuple[About, ...]


@dataclass
class Host:
    """Strategies on their seats, each read once."""

    servers: Mapping[str, Server]
    defaults: TradingDefaults
    config: ProcessConfig
    _seated: OrderedDict[tuple[str, str], SeatedAgent] = field(default_factory=OrderedDict)

    async def vote(self, snapshot: Snapshot, seat: StrategySeat, token: str | None) -> Ballot:
        """The strategy's ballot; a definition that cannot be read abstains."""
        try:
            seated = self._of(seat)
        except BadInput as error:
            return abstention(seat.agent, snapshot, "error", f"{seat.name} {seat.version}: {error}")
        return await seated.vote(snapshot, token)

    def about(self) -> Hosted:
        """Who has been asked."""
        return Hosted(strategies=tuple(seated.about() for seated in self._seated.values()))

    def _of(self, seat: StrategySeat) -> SeatedAgent:
        key = seat.agent, seat.hash
        if key not in self._seated:
            settings = AgentSettings()
            self._seated[key] = SeatedAgent(
                agent=strategist(seat, self.defaults),
                servers=self.servers,
                mind=build_mind(settings.mind, home=self.config.home),
                settings=settings,
                deadline_s=self.config.settings.voting.deadline_s,
            )
        self._seated.move_to_end(key)
        while len(self._seated) > MOST_KNOWN:
            self._seated.popitem(last=False)
        return self._seated[key]


def build(host: Host, *, key: bytes, port: int | None, org_id: str) -> FloorServer:
    """The host's server. With a port it verifies bearer tokens; else it trusts its pipe."""
    local = Caller(client_id="local", audience=NAME, scopes=(SCOPE,), org_id=org_id)
    server = FloorServer(
        f"open-outcry-{NAME}",
        version=VERSION,
        instructions=INSTRUCTIONS,
        log_level="WARNING",
        token_verifier=CallerVerifier(key, NAME, resource_url(port)) if port is not None else None,
        auth=auth_settings(port) if port is not None else None,
    )

    @server.tool(annotations=READS, meta={SCOPE_META_KEY: SCOPE})
    async def vote(ctx: Context[Any, Any], snapshot: SnapshotArg, strategy: SeatArg) -> BallotResult:
        """A strategy's ballot on a snapshot: a vote with its evidence, or an abstention with its reason."""
        caller = current_caller(local)
        if SCOPE not in caller.scopes and "admin" not in caller.scopes:
            raise NotAuthorised(f"vote needs the scope {SCOPE}")
        ballot = await host.vote(snapshot, strategy, round_token(ctx))
        return CallToolResult(
            content=[TextContent(type="text", text=in_short(ballot))],
            structured_content=ballot.model_dump(mode="json"),
        )

    @server.tool(annotations=READS)
    async def about() -> Hosted:
        """The strategies asked since the process started, and what each has said."""
        return host.about()

    return server


@asynccontextmanager
async def opened(
    config: ProcessConfig, port: int | None, *, servers: Mapping[str, Server] | None = None
) -> AsyncIterator[MCPServer[Any]]:
    """The host's MCP server with its connections held open; ``servers`` replaces them in one process."""
    async with AsyncExitStack() as stack:
        held = servers if servers is not None else _connections(config, stack)
        host = Host(held, load_trading_defaults(config.home), config)
        yield build(host, key=config.key, port=port, org_id=config.org_id)


def _connections(config: ProcessConfig, stack: AsyncExitStack) -> dict[str, Server]:
    held: dict[str, Server] = {}
    for name in sorted({tool.partition(".")[0] for tool in TOOLS}):
        if name not in config.endpoints:
            raise StartupRefused(f"the strategies' host needs the server {name!r}, and none is known")
        connection = Connection(name, config.endpoints[name], config.tokens.get(name))
        stack.push_async_callback(connection.close)
        held[name] = connection
    return held


async def serve(config: ProcessConfig, *, host: str, port: int) -> None:
    """Serve over HTTP until told to stop."""
    async with opened(config, port) as server:
        await serve_http(server, name=NAME, host=host, port=port)


async def serve_stdio(config: ProcessConfig) -> None:
    """Speak MCP on stdin and stdout until EOF."""
    async with opened(config, None) as server:
        await server.run_stdio_async()


def start(config: ProcessConfig, port: int | None) -> None:
    """Run the host as the process this is: on loopback, or on its pipe without a port."""
    run(serve_stdio(config) if port is None else serve(config, host="127.0.0.1", port=port))
