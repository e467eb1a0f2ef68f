"""What every server and agent offers: from a running floor over MCP, else from the code in memory."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.server import MCPServer

from agents.entry import opened as agent_opened
from agents.host import NAME as HOST
from agents.host import opened as host_opened
from agents.registry import discover
from mcp_servers.entry import unopened
from openoutcry.errors import DataUnavailable
from outcry import runfile
from wire.config import (
    OPTIONAL_SCOPES,
    READ_SCOPES,
    ProcessConfig,
    RunSpec,
    floor_key,
    load_settings,
    mint_tokens,
    votes,
)
from wire.connect import Connection
from wire.tokens import OPTIONAL_SERVERS, SERVERS

AGENT = "agent-"
NOWHERE = Path("/nonexistent")


def names() -> list[str]:
    """Every server, then the host of the registry's strategies, and every agent of the roster as ``agent-<name>``."""
    return [*SERVERS, *OPTIONAL_SERVERS, HOST, *(f"{AGENT}{name}" for name in discover().agents)]


async def tools_of(home: Path) -> dict[str, dict[str, Any]]:
    """Name → url (None when no floor runs), module, and tools as MCP describes them."""
    return {name: await tools_at(name, home) for name in names()}


async def tools_at(name: str, home: Path) -> dict[str, Any]:
    """One server's part of it."""
    url = url_of(name, home)
    tools = await _asked(name, url, home) if url else (await offered(name, home))["tools"]
    return {"url": url, "command": command_of(name), "tools": tools}


def url_of(name: str, home: Path) -> str | None:
    """Where the home's floor serves it; None when it does not."""
    floor = runfile.running(home)
    return f"http://127.0.0.1:{floor.ports[name]}/mcp" if floor is not None and name in floor.ports else None


async def called(name: str, tool: str, arguments: Mapping[str, Any], home: Path) -> dict[str, Any]:
    """What a tool of the running floor answers to a reader. Raises what it refuses, and DataUnavailable without a floor."""
    url = url_of(name, home)
    if url is None:
        raise DataUnavailable(f"no floor serves {name} in {home}: `outcry up` opens one")
    scopes = {**READ_SCOPES, **OPTIONAL_SCOPES}.get(name, ("read",))
    async with _connected(name, url, home, scopes) as connection:
        return dict(await connection.call(tool, arguments))


def command_of(name: str) -> str:
    """What runs it, after ``python -m``."""
    if name == HOST:
        return "agents --strategies"
    return f"agents {name.removeprefix(AGENT)}" if name.startswith(AGENT) else f"mcp_servers.{name}"


async def _asked(name: str, url: str, home: Path) -> list[dict[str, Any]]:
    async with _connected(name, url, home, ("read",)) as connection:
        return await connection.list_tools()


@asynccontextmanager
async def _connected(name: str, url: str, home: Path, scopes: tuple[str, ...]) -> AsyncIterator[Connection]:
    token = mint_tokens(floor_key(home), "outcry-cli", {name: scopes})[name]
    connection = Connection(name, url, token)
    try:
        yield connection
    finally:
        await connection.close()


async def surfaces(home: Path = NOWHERE) -> dict[str, dict[str, Any]]:
    """What each offers, by name, from the code; ``home`` may have settings of its own."""
    return {name: await offered(name, home) for name in names()}


async def offered(name: str, home: Path) -> dict[str, Any]:
    """Instructions, tools, resources and prompts of one server or agent, as MCP tells them.

    Nothing is opened and nothing written: no database, no network, no file in ``home``.
    """
    async with in_memory(name, home) as server, Client(server, cache=None) as client:
        return {
            "instructions": client.instructions,
            "tools": [_plain(tool) for tool in (await client.list_tools()).tools],
            "resources": [_plain(resource) for resource in (await client.list_resources()).resources],
            "resourceTemplates": [
                _plain(template) for template in (await client.list_resource_templates()).resource_templates
            ],
            "prompts": [_plain(prompt) for prompt in (await client.list_prompts()).prompts],
        }


@asynccontextmanager
async def in_memory(name: str, home: Path) -> AsyncIterator[MCPServer[Any]]:
    """The server or agent of this name with nothing behind it."""
    if not votes(name):
        yield unopened(name)
        return
    config = ProcessConfig(
        name=name,
        home=home,
        database_url=None,
        run=RunSpec(),
        settings=load_settings(home),
        endpoints={},
        key=b"",
    )
    opened = host_opened if name == HOST else agent_opened
    async with opened(config, None, servers={}) as server:
        yield server


def _plain(described: Any) -> dict[str, Any]:
    plain: dict[str, Any] = described.model_dump(mode="json", by_alias=True, exclude_none=True)
    return plain
