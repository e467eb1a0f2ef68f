"""``outcry explain``: why a decision was taken, for a person."""

import asyncio
from typing import Annotated

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer()


@app.command()
def explain(
    decision: Annotated[
        str, typer.Argument(help="last, a round's number in the latest session, or a decision's id")
    ] = "last",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print what each agent said with its evidence, the tally, what would turn it, the gate, the trade, and similar cases."""
    from db.explanation import explanation  # what is below is for the run, not for --help
    from openoutcry.telling import tell
    from orchestrator.recordings import locate
    from outcry.database import floor_database
    from wire.prices import cutoffs_of

    async def run() -> str:
        folder = home_folder(str(home) if home else None)
        async with floor_database(folder) as pool:
            explained = await explanation(pool, *await locate(pool, decision), cutoffs_of(folder))
            if explained is None:
                raise BadInput(f"{decision}: there is no such record", field="decision")
            return explained.model_dump_json(indent=1) if as_json else tell(explained)

    typer.echo(asyncio.run(run()))
