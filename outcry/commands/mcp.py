"""``outcry mcp``: the MCP servers and their tools."""

import asyncio
import json
from typing import Any

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer(no_args_is_help=True)


@app.callback()
def group() -> None:
    """The MCP servers that agents and LLM clients call."""


@app.command(name="list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List every server and agent with its tools: asked of the running floor, else read from the code."""
    from outcry.tools import tools_of  # builds or calls every server

    found: dict[str, dict[str, Any]] = asyncio.run(tools_of(home_folder(str(home) if home else None)))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for name, server in found.items():
        typer.echo(f"{name}  {server['url'] or 'python -m ' + server['command'] + ' --stdio'}")
        for tool in server["tools"]:
            first = (tool["description"] or "").strip().partition("\n")[0]
            typer.echo(f"  {tool['name']:<28} {first}")
