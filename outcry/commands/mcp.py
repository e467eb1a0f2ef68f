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
def inspect(
    server: Annotated[str, typer.Argument(help="one of `outcry mcp list`")],
    tool: Annotated[str | None, typer.Argument(help="one of its tools, with its whole schema")] = None,
    call: Annotated[
        str | None,
        typer.Option("--call", help="JSON arguments: ask the running floor's tool, if it only reads"),
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a server's tools as models are told of them, whether they are as pinned, and what one answers."""
    from outcry.inspecting import looked_at, shown  # builds or calls the server

    folder = home_folder(str(home) if home else None)
    found = asyncio.run(looked_at(server, tool, call, folder))
    if as_json:
        typer.echo(json.dumps(found))
        return
    for line in shown(found):
        typer.echo(line)


@app.command()
def install(
    client: Annotated[str, typer.Option("--client", help="claude-desktop, claude-code, cursor or vscode")],
    server: Annotated[
        list[str] | None,
        typer.Option("--server", help="which, again for more [default: market, indicators, risk]"),
    ] = None,
    http: Annotated[
        bool, typer.Option("--http", help="the running floor's own servers, by a token that reads")
    ] = False,
    days: Annotated[int, typer.Option(help="days until such a token expires", min=1, max=3650)] = 30,
    write: Annotated[
        bool, typer.Option("--write", help="into the client's file, beside what it holds")
    ] = False,
    file: Annotated[Path | None, typer.Option("--file", help="another file than the client's own")] = None,
    home: HomeOption = None,
) -> None:
    """Print an assistant's configuration for this home's servers, or write it into the assistant's file."""
    from outcry import mcp_clients as clients
    from outcry.installing import entries_of

    known = next((one for one in clients.KINDS if one == client), None)
    if known is None:
        raise BadInput(f"--client: {client!r} is none of {', '.join(clients.KINDS)}", field="client")
    folder = home_folder(str(home) if home else None)
    path = file or clients.place_of(known, Path.cwd(), Path.home())
    entries = entries_of(known, server, folder, http=http, days=days)
    if not write:
        typer.echo(f"# {path}", err=True)
        typer.echo(clients.together(known, entries, None), nl=False)
        return
    clients.write(path, clients.together(known, entries, clients.read(path)))
    typer.echo(f"{', '.join(clients.PREFIX + name for name in entries)} written to {path}")


@app.command()
def token(
    server: Annotated[
        str,
        typer.Argument(help="market, indicators, risk, execution, memory, news, strategies or agent-NAME"),
    ],
    days: Annotated[int, typer.Option(help="days until it expires", min=1, max=3650)] = 30,
    trade: Annotated[
        bool,
        typer.Option(
            "--trade",
            help="execution: may place and cancel orders too, real ones where the floor trades live",
        ),
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
