"""``outcry halt``: the kill switch."""

import asyncio
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption

app = typer.Typer()
WAIT_S = 30.0
EXIT_UNSWEPT = 3


@app.command()
def halt(
    reason: Annotated[str, typer.Option(help="why, for whoever reads of it")],
    flatten: Annotated[bool, typer.Option("--flatten", help="also close every position at market")] = False,
    symbol: Annotated[str | None, typer.Option(help="only this pair [default: everything]")] = None,
    wait: Annotated[
        float, typer.Option(help="seconds to wait for orders to be cancelled", min=0, max=600)
    ] = WAIT_S,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Halt trading: from now on only orders that reduce risk leave, until `outcry unhalt`.

    It holds as soon as it is stored, through restarts of everything. Exit 3 when it holds and open orders were not
    cancelled within --wait: the exchange does not answer, or the floor does not run; that is tried until it is done.
    """
    from openoutcry.types.commands import Halt
    from outcry.halts import asked, throw

    said = asyncio.run(throw(home, asked(Halt, reason=reason, flatten=flatten, symbol=symbol), wait))
    typer.echo(said.json() if as_json else said.text())
    if not said.swept:
        raise typer.Exit(EXIT_UNSWEPT)
