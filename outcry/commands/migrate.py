"""``outcry migrate``: bring the database to this version's schema (compose runs it before the rest)."""

import asyncio

import typer

from outcry.options import HomeOption
from wire.config import home_folder

app = typer.Typer()


@app.command()
def migrate(home: HomeOption = None) -> None:
    """Apply the migrations this version needs, in one transaction; nothing when the schema is current."""
    from outcry.database import floor_database  # opens the database: not needed for --help

    async def run() -> None:
        async with floor_database(home_folder(str(home) if home else None)):
            typer.echo("schema current")

    asyncio.run(run())
