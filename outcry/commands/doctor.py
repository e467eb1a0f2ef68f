"""``outcry doctor``: check this machine and say what to do about each failure."""

import asyncio
import json
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer()


@app.command()
def doctor(
    home: HomeOption = None,
    port: Annotated[int, typer.Option(help="port the API would listen on", min=1, max=65535)] = 8080,
    exchange: Annotated[str, typer.Option(help="venue whose public data is tried")] = "binance",
    exchange_url: Annotated[
        str | None, typer.Option(help="a practice exchange on this machine, for the key's check")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check Python, packages, disk, clock, ports, database, pgvector, servers, agents, venue and keys. Exit 1 on a failure."""
    from outcry.checks.whole import run_all  # everything the floor uses

    found = asyncio.run(run_all(home_folder(str(home) if home else None), port, exchange, exchange_url))
    if as_json:
        typer.echo(json.dumps([check.model_dump() for check in found]))
    else:
        for check in found:
            mark = {"ok": "✓", "warn": "!", "fail": "✗"}[check.state]
            typer.echo(
                f"{mark} {check.name:<14} {check.said}"
                + (f"\n{'':17}→ {check.advice}" if check.advice else "")
            )
    if any(check.state == "fail" for check in found):
        raise typer.Exit(1)
