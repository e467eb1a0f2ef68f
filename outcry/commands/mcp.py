"""``outcry mcp``: the MCP servers and their tools."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import OPTIONAL_SCOPES, READ_SCOPES, floor_key, home_folder, mint_tokens, votes

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


@app.command()
def token(
    server: Annotated[
        str,
        typer.Argument(help="market, indicators, risk, execution, memory, news, strategies or agent-NAME"),
    ],
    days: Annotated[int, typer.Option(help="days until it expires", min=1, max=3650)] = 30,
    trade: Annotated[
        bool, typer.Option("--trade", help="execution: may place and cancel paper orders too")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Print a bearer token for one server of this home's floor, to read unless told otherwise."""
    from wire.clock import WallClock

    allowed = ("vote",) if votes(server) else {**READ_SCOPES, **OPTIONAL_SCOPES}.get(server)
    if allowed is None:
        known = ", ".join((*READ_SCOPES, *OPTIONAL_SCOPES, "strategies", "agent-NAME"))
        raise BadInput(f"server: {server!r} is none of {known}", field="server")
    if trade and server != "execution":
        raise BadInput("--trade: only execution takes orders", field="trade")
    scopes = (*allowed, "order:place", "order:cancel") if trade else allowed
    until = WallClock().now() + timedelta(days=days)
    root = floor_key(home_folder(str(home) if home else None))
    typer.echo(mint_tokens(root, "client", {server: scopes}, expires_at=until)[server])


@app.command()
def docs(
    write: Annotated[
        Path | None, typer.Option(help="a page whose part below the mark is made anew; default: print")
    ] = None,
) -> None:
    """The reference of every server's tools, in Markdown, from the code."""
    from outcry.reference import page, reference
    from outcry.tools import surfaces

    found = asyncio.run(surfaces())
    if write is None:
        typer.echo(reference(found), nl=False)
    else:
        write.write_text(page(write.read_text(), found))
