"""The tools of every server and agent: from a running floor over MCP, else from the code in memory."""

from pathlib import Path
from typing import Any

from agents.entry import opened as agent_opened
from agents.registry import discover
from mcp_servers.entry import opener
from outcry import runfile
from wire.config import floor_key, from_environment, mint_tokens
from wire.connect import Connection
from wire.tokens import SERVERS


async def tools_of(home: Path) -> dict[str, dict[str, Any]]:
    """Name → url (None when no floor runs), module, and tools as MCP describes them."""
    floor = runfile.running(home)
    names = [*SERVERS, *(f"agent-{name}" for name in discover().agents)]
    found: dict[str, dict[str, Any]] = {}
    for name in names:
        command = (
            f"agents {name.removeprefix('agent-')}" if name.startswith("agent-") else f"mcp_servers.{name}"
        )
        url = (
            f"http://127.0.0.1:{floor.ports[name]}/mcp" if floor is not None and name in floor.ports else None
        )
        tools = await _asked(name, url, home) if url else await _read(name, home)
        found[name] = {"url": url, "command": command, "tools": tools}
    return found


async def _asked(name: str, url: str, home: Path) -> list[dict[str, Any]]:
    token = mint_tokens(floor_key(home), "outcry-cli", {name: ("read",)})[name]
    connection = Connection(name, url, token)
    try:
        return await connection.list_tools()
    finally:
        await connection.close()


async def _read(name: str, home: Path) -> list[dict[str, Any]]:
    config = from_environment(name, home=str(home), role="agent" if name.startswith("agent-") else "server")
    opened = (
        agent_opened(config, None, servers=None) if name.startswith("agent-") else opener(name)(config, None)
    )
    async with opened as server:
        connection = Connection(name, server)
        try:
            return await connection.list_tools()
        finally:
            await connection.close()
