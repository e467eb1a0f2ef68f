"""``outcry models``: the registry of trained models."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from uuid import UUID

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import DEFAULT_ORG, home_folder

if TYPE_CHECKING:
    import asyncpg

    from db.models.rows import ModelVersion

app = typer.Typer(no_args_is_help=True)
T = TypeVar("T")
ORG = UUID(DEFAULT_ORG)
WHO = "command line"
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="a model, as `list` names it")]
ReasonOption = Annotated[str | None, typer.Option(help="why; kept in the history")]
ExpectedOption = Annotated[
    str | None, typer.Option(help="only if this version is in production now; `none`: if no version is")
]


@app.callback()
def group() -> None:
    """Trained models: versions with their metrics, one of each name in production, and the way back."""


@app.command("list")
def list_(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="list the versions of this model")
    ] = None,
    archived: Annotated[bool, typer.Option("--archived/--no-archived", help="with archived versions")] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the models, or the versions of one, newest first. Exit 1 when there is no such model."""
    from db.models import reading

    if name is None:
        rows = [asdict(one) for one in _ask(home, lambda pool: reading.models(pool, ORG))]
        if as_json:
            typer.echo(json.dumps({"models": rows}, default=_text))
            return
        for row in rows:
            production = row["production"] or "none in production"
            typer.echo(f"{row['name']:<40} {row['kind']:<12} {row['versions']:>3} versions  {production}")
        if not rows:
            typer.echo("no model yet; `outcry regime train --help`")
        return
    model = name
    found = _ask(home, lambda pool: reading.versions(pool, ORG, model, include_archived=archived))
    if as_json:
        body = {"model_name": model, "versions": [_plain(one) for one in found]}
        typer.echo(json.dumps(body, default=_text))
    else:
        for one in found:
            typer.echo(
                f"{one.version:<10} {one.stage:<11} trained to {one.trained_until:%Y-%m-%d %H:%M}  made "
                f"{one.created_at:%Y-%m-%d %H:%M} by {one.created_by}"
            )


@app.command()
def show(
    name: NameArgument,
    version: Annotated[str | None, typer.Argument(help="[default: the newest]")] = None,
    artefact: Annotated[bool, typer.Option("--artefact", help="with the model itself (JSON)")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show a version: what it was trained with, its metrics, and what became of it."""
    from db.models import reading

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        wanted = version or (await reading.versions(pool, ORG, name))[0].version
        found = await reading.version(pool, ORG, name, wanted)
        moves = [one for one in await reading.history(pool, ORG, name) if one.version == found.version]
        body = {**_plain(found), "history": [asdict(one) for one in moves]}
        return {**body, "artefact": await reading.artefact(pool, found.id)} if artefact else body

    found = _ask(home, work)
    if as_json or artefact:
        typer.echo(json.dumps(found, default=_text, indent=None if as_json else 1))
        return
    typer.echo(f"{found['name']} {found['version']}  {found['kind']}  {found['stage']}")
    typer.echo(f"trained {found['trained_from']:%Y-%m-%d %H:%M} to {found['trained_until']:%Y-%m-%d %H:%M}")
    typer.echo(f"seed {found['seed']}  content hash {found['content_hash']}")
    for title in ("parameters", "metrics"):
        typer.echo(f"{title}:")
        for key, value in found[title].items():
            typer.echo(f"  {key:<28} {json.dumps(value)}")
    for one in found["history"]:
        reason = f"  ({one['reason']})" if one["reason"] else ""
        typer.echo(f"{one['at']:%Y-%m-%d %H:%M} {one['what']} to {one['after']} by {one['who']}{reason}")


@app.command()
def promote(
    name: NameArgument,
    version: Annotated[str, typer.Argument(help="the version")],
    stage: Annotated[str, typer.Option(help="Production, Staging, Archived or None")] = "Production",
    reason: ReasonOption = None,
    expected: ExpectedOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a version to a stage; into production it replaces the one there, which is archived. Exit 1 when it cannot be."""
    from db.models import staging
    from db.strategies.history import by

    done = _ask(
        home, lambda pool: staging.move(pool, ORG, name, version, stage, by(WHO, reason), expected=expected)
    )
    if as_json:
        typer.echo(json.dumps(asdict(done), default=_text))
    else:
        instead = f", in place of {done.previous_version}" if done.previous_version else ""
        typer.echo(f"{done.name} {done.version} is in {done.stage}{instead}")


@app.command()
def rollback(
    name: NameArgument,
    target: Annotated[
        str | None,
        typer.Option("--to", help="an archived version [default: the newest before the present one]"),
    ] = None,
    reason: ReasonOption = None,
    expected: ExpectedOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Put an earlier version back into production. Exit 1 when there is none, or it is there already."""
    from db.models import staging
    from db.strategies.history import by

    done = _ask(
        home,
        lambda pool: staging.rollback(pool, ORG, name, by(WHO, reason), target=target, expected=expected),
    )
    if as_json:
        body = {
            "model_name": done.name, "previous_version": done.previous_version,
            "rolled_back_to": done.rolled_back_to, "status": "completed", "timestamp": done.at,
        }  # fmt: skip
        typer.echo(json.dumps(body, default=_text))
    else:
        typer.echo(f"{done.name} is back at {done.rolled_back_to}, was {done.previous_version or 'at none'}")


def _ask(home: Path | None, work: "Callable[[asyncpg.Pool], Awaitable[T]]") -> T:
    from outcry.database import floor_database

    async def run() -> T:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            return await work(pool)

    return asyncio.run(run())


def _plain(version: "ModelVersion") -> dict[str, Any]:
    body = {key: value for key, value in asdict(version).items() if key not in ("id", "number")}
    return {**body, "archived": version.archived}


def _text(value: Any) -> str:
    return str(value.isoformat() if hasattr(value, "isoformat") else value)
