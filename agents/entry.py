"""Starting one agent as a process, or holding it in memory."""

import argparse
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from mcp.server import MCPServer

from agents.declare import Agent
from agents.llm import build as build_mind
from agents.llm import close as close_mind
from agents.llm.purse import FloorPurse, Purse
from agents.llm.shelf import FloorShelf
from agents.llm.taping import Recording, Tape
from agents.pins import Listing, Pinned, load_pins
from agents.registry import discover
from agents.seated import SeatedAgent, allowed_tools
from agents.server import build
from openoutcry.errors import StartupRefused
from openoutcry.settings import AgentSettings
from wire import logs
from wire.cassette import Recorder
from wire.config import DEFAULT_PORTS, OPTIONAL_PORTS, PURSE, ProcessConfig, from_environment
from wire.connect import Connection
from wire.host import run, serve_http
from wire.taped import RecordingPeer
from wire.vendor_keys import speaks

PREFIX = "agent-"
HOST = "strategies"
SPARE_PORT = 8115


@asynccontextmanager
async def opened(
    config: ProcessConfig,
    port: int | None,
    *,
    servers: Mapping[str, Listing] | None = None,
    tape: Tape | None = None,
    purse: Purse | None = None,
) -> AsyncIterator[MCPServer[Any]]:
    """The MCP server of the agent that ``config.name`` (``agent-<name>``) names, its connections held open.

    ``servers`` replaces the connections of ``config.endpoints``, for one process that holds both ends. The
    port is None for stdio and in-memory use. With a ``tape`` models are asked through it. ``purse`` pays for them where
    ``servers`` are given. Raises StartupRefused for an
    unknown agent and for a tool whose server is unknown, BadConfig for an unknown mind.
    """
    agent = discover().named(config.name.removeprefix(PREFIX))
    settings = config.settings.agents.get(agent.name, AgentSettings())
    async with AsyncExitStack() as stack:
        held = servers if servers is not None else _connections(config, agent, settings, stack)
        if config.cassette is not None:
            recorder = Recorder(config.cassette, config.name)
            held = {name: RecordingPeer(name, peer, recorder) for name, peer in held.items()}
            tape = Recording(recorder)
        till = _till(config, settings, stack) if servers is None else None
        mind = build_mind(
            settings.mind,
            home=config.home,
            agent=agent.name,
            voice=agent.voice,
            settings=config.settings.llm,
            deadline_s=config.settings.voting.deadline_s,
            keys=config.vendor_keys,
            offer=_offer(config, agent, settings, held),
            purse=purse if till is None else FloorPurse(till),
            tape=tape,
            recall=settings.recall,
            shelf=FloorShelf(till) if till is not None and caches(config) else None,
        )
        stack.push_async_callback(close_mind, mind)
        seated = SeatedAgent(
            agent=agent,
            servers=held,
            mind=mind,
            settings=settings,
            deadline_s=config.settings.voting.deadline_s,
        )
        yield build(seated, key=config.key, port=port, org_id=config.org_id)


def _offer(
    config: ProcessConfig, agent: Agent, settings: AgentSettings, held: Mapping[str, Listing]
) -> Pinned | None:
    """What a language model on this seat may ask for."""
    if not speaks(settings.mind):
        return None
    return Pinned(agent.name, held, allowed_tools(agent, settings), load_pins(config.home))


def caches(config: ProcessConfig) -> bool:
    """Whether answers of models may be given again: if the settings say so, and with real orders only if they say that too."""
    llm, live = config.settings.llm, config.run.live or config.settings.trading.mode == "live"
    return llm.enable_caching and (llm.cache.live or not live)


def _till(config: ProcessConfig, settings: AgentSettings, stack: AsyncExitStack) -> Connection | None:
    """Where a language model's money comes from: the risk server, by a token that is good for nothing else.

    Raises StartupRefused without one: no model is asked that is not paid for.
    """
    if not speaks(settings.mind):
        return None
    if PURSE not in config.tokens or "risk" not in config.endpoints:
        raise StartupRefused(f"{config.name} asks models, but no budget is known: it needs the risk server")
    connection = Connection(PURSE, config.endpoints["risk"], config.tokens[PURSE])
    stack.push_async_callback(connection.close)
    return connection


def _connections(
    config: ProcessConfig, agent: Agent, settings: AgentSettings, stack: AsyncExitStack
) -> dict[str, Listing]:
    held: dict[str, Listing] = {}
    for tool in allowed_tools(agent, settings):
        name = tool.partition(".")[0]
        if name not in config.endpoints:
            raise StartupRefused(f"agent {agent.name!r} needs {tool}, but no server named {name!r} is known")
        if name not in held:
            connection = Connection(name, config.endpoints[name], config.tokens.get(name))
            stack.push_async_callback(connection.close)
            held[name] = connection
    return held


async def serve(config: ProcessConfig, *, host: str, port: int) -> None:
    """Serve the agent over HTTP until told to stop."""
    async with opened(config, port) as server:
        await serve_http(server, name=config.name, host=host, port=port)


async def serve_stdio(config: ProcessConfig) -> None:
    """Speak MCP on stdin and stdout until EOF."""
    async with opened(config, None) as server:
        await server.run_stdio_async()


def start(config: ProcessConfig, port: int | None) -> None:
    """Run the agent as the process this is: on loopback, or on its pipe without a port."""
    run(serve_stdio(config) if port is None else serve(config, host="127.0.0.1", port=port))


def listing() -> int:
    """Print every agent found; 1 when something in the roster is broken."""
    roster = discover()
    for agent in roster.agents.values():
        print(f"{agent.name:20} {agent.voice:10} {agent.description}")
    for fault in roster.broken:
        print(f"refused: {fault}")
    return 1 if roster.broken else 0


def main(argv: Sequence[str] | None = None) -> int:
    """Parse the command line and run. Returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m agents", description="Host one agent as an MCP server.")
    parser.add_argument("name", nargs="?", help="the agent to host")
    parser.add_argument("--strategies", action="store_true", help="host the registry's strategies instead")
    parser.add_argument("--list", action="store_true", help="list the agents and exit")
    parser.add_argument("--stdio", action="store_true", help="speak MCP on stdin/stdout instead of HTTP")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default 127.0.0.1)")
    parser.add_argument("--port", type=int, help=f"port (default {SPARE_PORT}, or the agent's own)")
    parser.add_argument("--home", help="folder of logs and secrets (default OUTCRY_HOME or ~/.openoutcry)")
    args = parser.parse_args(argv)
    if args.list:
        return listing()
    if (args.name is None) is not args.strategies:
        parser.error("name an agent, or use --strategies or --list")
    config = from_environment(
        HOST if args.strategies else f"{PREFIX}{args.name}", home=args.home, role="agent"
    )
    logs.configure(config.name, config.home / "logs" if args.stdio else None)
    over_pipe, over_http = _ways(args.strategies)
    if args.stdio:
        run(over_pipe(config))
    else:
        port = args.port or {**DEFAULT_PORTS, **OPTIONAL_PORTS}.get(config.name, SPARE_PORT)
        run(over_http(config, host=args.host, port=port))
    return 0


def _ways(of_strategies: bool) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """How an agent, or the strategies' host, is served on its pipe and over HTTP."""
    if not of_strategies:
        return serve_stdio, serve
    from agents import host  # loads every signal, which an agent does not need

    return host.serve_stdio, host.serve
