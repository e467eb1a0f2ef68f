"""``outcry unhalt``: release the kill switch."""

import asyncio
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption

app = typer.Typer()


@app.command()
def unhalt(
    reason: Annotated[str, typer.Option(help="why trading may go on, for whoever reads of it")],
    symbol: Annotated[str | None, typer.Option(help="only this pair [default: everything]")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Release the halt: trading goes on from the next round. Whoever may read the home's files is its admin."""
    from openoutcry.types.commands import Unhalt
    from outcry.halts import asked, release

    said = asyncio.run(release(home, asked(Unhalt, reason=reason, symbol=symbol)))
    typer.echo(said.json() if as_json else said.text())
