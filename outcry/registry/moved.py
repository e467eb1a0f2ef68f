"""Commands that change the registry. Each change is kept in the strategy's history with who, when and why."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from openoutcry.errors import BadInput
from outcry.options import HomeOption, JsonOption
from outcry.registry.asked import Status
from outcry.registry.asking import (
    ORG,
    NameArgument,
    ReasonOption,
    VersionArgument,
    ask,
    by,
    folder_of,
    reserved,
)

if TYPE_CHECKING:
    import asyncpg

    from openoutcry.strategy.definition import Definition

app = typer.Typer()
EXIT_REFUSED = 3
FileArgument = Annotated[
    str, typer.Argument(metavar="FILE", help="a .yaml or .json file, or a name that `files` shows")
]
TagOption = Annotated[list[str] | None, typer.Option("--tag", help="key=value; may be given again")]
NotesOption = Annotated[str, typer.Option(help="what is to be known of this version")]
KeepOption = Annotated[bool, typer.Option("--keep-status", help="leave the status as it is")]


@app.command()
def create(
    file: FileArgument,
    name: Annotated[str | None, typer.Option(help="another name than the file's")] = None,
    version: Annotated[str, typer.Option(help="number of its first version")] = "1.0.0",
    status: Annotated[Status, typer.Option(help="where it begins")] = "inactive",
    exchange: Annotated[str, typer.Option(help="exchange whose candles it is tried on")] = "binance",
    parent: Annotated[str | None, typer.Option(help="strategy it descends from")] = None,
    tag: TagOption = None,
    notes: NotesOption = "",
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a strategy from a file, as its first version in dev."""
    definition = _definition(file, home, name)

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        from db.strategies import creating, finding
        from outcry.registry import views

        made = await creating.create(
            pool, ORG, definition, by(reason), version=version, status=status, exchange=exchange, parent=parent,
            tags=_tags(tag), notes=notes, reserved=await reserved(pool),
        )  # fmt: skip
        return views.item(made, (await finding.versions(pool, made.id))[0])

    made = ask(home, work)
    if as_json:
        typer.echo(json.dumps(made))
    else:
        typer.echo(f"{made['name']} {made['version']} registered, {made['status']}  {made['id']}")


@app.command()
def revise(
    name: NameArgument,
    file: FileArgument,
    version: Annotated[
        str | None, typer.Option("--version", help="its number [default: the next one]")
    ] = None,
    tag: TagOption = None,
    notes: NotesOption = "",
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add a version from a file, in dev. What votes or is in production stays."""
    definition = _definition(file, home, name)

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        from db.strategies import creating
        from outcry.registry import views

        added = await creating.new_version(
            pool, ORG, name, definition, by(reason), version=version, tags=_tags(tag), notes=notes
        )
        return {"name": name, **views.version(added)}

    added = ask(home, work)
    typer.echo(json.dumps(added) if as_json else f"{added['name']} {added['version']} added, in dev")


@app.command()
def status(
    name: NameArgument,
    to: Annotated[Status, typer.Argument(metavar="STATUS", help="draft, inactive, paper, live or archived")],
    weight: Annotated[float | None, typer.Option(help="its weight in the floor's votes, 0 to 100")] = None,
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move a strategy: paper and live vote on the floor from its next round on, the others do not."""
    _move(name, to, weight, reason, home, as_json)


@app.command()
def archive(
    name: NameArgument, reason: ReasonOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Put a strategy away: off the floor, and out of lists unless they ask for it."""
    _move(name, "archived", None, reason, home, as_json)


@app.command()
def unarchive(
    name: NameArgument, reason: ReasonOption = None, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Take a strategy out of the archive; it is inactive then."""
    _move(name, "inactive", None, reason, home, as_json)


@app.command()
def edit(
    name: NameArgument,
    new_name: Annotated[
        str | None, typer.Option("--name", help="rename it; not while it is on the floor")
    ] = None,
    description: Annotated[str | None, typer.Option(help="what it does")] = None,
    exchange: Annotated[str | None, typer.Option(help="exchange whose candles it is tried on")] = None,
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a strategy's name, description or exchange. Its rules change by `revise`."""

    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        from db.strategies.updating import update

        changed = await update(
            pool, ORG, name, by(reason), new_name=new_name, description=description, exchange=exchange
        )
        return {"id": str(changed.id), "name": changed.name, "revision": changed.revision}

    changed = ask(home, work)
    typer.echo(json.dumps(changed) if as_json else f"{changed['name']} is at revision {changed['revision']}")


@app.command()
def promote(
    name: NameArgument,
    version: VersionArgument = "staging",
    force: Annotated[
        bool, typer.Option("--force", help="although gates failed; needs --reason, and is kept")
    ] = False,
    keep_status: KeepOption = False,
    reason: ReasonOption = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take a version from staging to production if its newest validation passed every gate. Exit 3 when it did not."""
    from db.strategies.staging import Promoted, PromotionRefused
    from db.strategies.staging import promote as move
    from outcry.registry import views

    async def work(pool: "asyncpg.Pool") -> Promoted | PromotionRefused:
        return await move(
            pool,
            ORG,
            name,
            version,
            by(reason),
            reserved=await reserved(pool),
            force=force,
            keep_status=keep_status,
        )

    done = ask(home, work)
    if isinstance(done, PromotionRefused):
        told = views.refusal(done)
        if as_json:
            typer.echo(json.dumps(told))
        else:
            typer.echo(
                f"{done.name} {done.version} not promoted: {done.outcome or 'not validated'}", err=True
            )
            for line in done.failures or (str(done),):
                typer.echo(f"  {line}", err=True)
        raise typer.Exit(EXIT_REFUSED)
    if as_json:
        typer.echo(json.dumps(views.promotion(done)))
    else:
        before = f", in place of {done.previous_version}" if done.previous_version else ""
        by_force = " BY FORCE" if done.forced else ""
        typer.echo(f"{done.name} {done.version} is in production{before}{by_force}; {done.status}")


def _move(
    name: str, to: Status, weight: float | None, reason: str | None, home: Path | None, as_json: bool
) -> None:
    async def work(pool: "asyncpg.Pool") -> dict[str, Any]:
        from db.strategies.standing import set_status

        moved = await set_status(
            pool, ORG, name, to, by(reason), reserved=await reserved(pool), weight=weight
        )
        seat = moved.agent_name if to in ("paper", "live") else None
        return {
            "id": str(moved.id), "name": moved.name, "status": moved.status, "weight": moved.weight, "votes_as": seat,
        }  # fmt: skip

    moved = ask(home, work)
    if as_json:
        typer.echo(json.dumps(moved))
    else:
        seat = f", votes as {moved['votes_as']} with weight {moved['weight']:g}" if moved["votes_as"] else ""
        typer.echo(f"{moved['name']} is {moved['status']}{seat}")


def _definition(file: str, home: Path | None, name: str | None) -> "Definition":
    from openoutcry.strategy.definition import read
    from wire.document import read_document
    from wire.strategies import load_trading_defaults, strategy_file

    folder = folder_of(home)
    mapping = read_document(strategy_file(file, folder))
    given = {**mapping, "name": name} if isinstance(mapping, dict) and name is not None else mapping
    return read(given, load_trading_defaults(folder))


def _tags(given: list[str] | None) -> dict[str, str]:
    pairs = [text.partition("=") for text in given or ()]
    if wrong := next((text for text, (_, mark, _) in zip(given or (), pairs, strict=True) if not mark), None):
        raise BadInput(f"--tag: {wrong[:60]!r} must be key=value", field="tag")
    return {key: value for key, _, value in pairs}
