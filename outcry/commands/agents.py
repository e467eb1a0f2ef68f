"""``outcry agents``: how far each voice can be believed, and what the floor has learned of that."""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder

if TYPE_CHECKING:
    import asyncpg

    from db.models.rows import ModelVersion
    from openoutcry.learning.report import Report

app = typer.Typer(no_args_is_help=True)
ORG = UUID(DEFAULT_ORG)
WHO = "command line"
AsOfOption = Annotated[
    datetime | None, typer.Option("--as-of", help="as it stood then, UTC [default: the newest round]")
]


@app.callback()
def group() -> None:
    """The voices of the floor: scores of their confidence, and learning from them."""


@app.command()
def report(
    out: Annotated[
        Path | None, typer.Option("--out", help="write a page with diagrams there (HTML, needs nothing else)")
    ] = None,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Score every agent by climate and horizon, before and after calibration, and weigh them. Exit 1 without a round."""
    from outcry.agentspage import page
    from outcry.agentsview import plain, table

    done, _ = _look(home, as_of, keep=False)
    if out is not None:
        out.write_text(page(done))
    if as_json:
        typer.echo(json.dumps(plain(done)))
        return
    for line in table(done):
        typer.echo(line)
    if out is not None:
        typer.echo(f"diagrams are in {out}")


@app.command()
def learn(
    promote: Annotated[
        bool, typer.Option("--promote", help="and let the floor count with it from its next round on")
    ] = False,
    as_of: AsOfOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register what the outcomes teach as the next version of the model `learned`; `outcry models` promotes and rolls back."""
    done, kept = _look(home, as_of, keep=True, promote=promote)
    assert kept is not None
    if as_json:
        body = {
            "model_name": kept.name,
            "version": kept.version,
            "promoted": promote,
            "metrics": kept.metrics,
        }
        typer.echo(json.dumps(body))
        return
    typer.echo(f"{kept.name} {kept.version}: {len(done.learned.cells)} maps from {done.judged:,} outcomes")
    for name, value in kept.metrics.items():
        typer.echo(
            f"  {name:<22} {value if isinstance(value, int) or value is None else format(value, '.4f')}"
        )
    if not promote:
        typer.echo(f"`outcry models promote {kept.name} {kept.version}` lets the floor count with it")


def _look(
    home: Path | None, as_of: datetime | None, *, keep: bool, promote: bool = False
) -> "tuple[Report, ModelVersion | None]":
    from datetime import UTC

    from db import learning
    from db.models import staging
    from db.strategies.history import by
    from outcry.database import floor_database
    from wire.prices import cutoffs_of

    at = None if as_of is None else as_of.replace(tzinfo=UTC)
    folder = home_folder(str(home) if home else None)
    cutoffs = cutoffs_of(folder)

    async def work(pool: "asyncpg.Pool") -> "tuple[Report, ModelVersion | None]":
        done = await learning.looked_back(pool, ORG, at, cutoffs)
        if not keep:
            return done, None
        kept = await learning.keep(pool, ORG, done, WHO)
        if promote and kept.stage != "Production":
            await staging.move(pool, ORG, kept.name, kept.version, "Production", by(WHO, None))
        return done, kept

    async def run() -> "tuple[Report, ModelVersion | None]":
        async with floor_database(folder) as pool:
            return await work(pool)

    return asyncio.run(run())
