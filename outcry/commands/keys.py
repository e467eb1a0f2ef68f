"""``outcry keys``: API keys. A key is shown once, when it is made."""

import asyncio
import json
from datetime import timedelta
from typing import Annotated

import typer

from outcry.options import HomeOption, JsonOption
from wire.config import home_folder

app = typer.Typer(no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="what the key is for")],
    role: Annotated[
        str, typer.Option(help="viewer (read) | trader (orders, sessions) | admin (all)")
    ] = "viewer",
    days: Annotated[int | None, typer.Option(help="days until it expires [default: never]", min=1)] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key and print it."""
    from db import keys  # the database is for this command's run, not its help
    from outcry.database import floor_database
    from wire.clock import WallClock

    async def run() -> keys.NewKey:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            until = WallClock().now() + timedelta(days=days) if days else None
            return await keys.create(pool, name, role, expires_at=until)  # type: ignore[arg-type]  # checked there, by name

    made = asyncio.run(run())
    if as_json:
        typer.echo(
            json.dumps(
                {"id": str(made.key.id), "key": made.text, "role": made.key.role, "prefix": made.key.prefix}
            )
        )
    else:
        typer.echo(f"{made.text}\n(role {made.key.role}, id {made.key.id}; shown this once)")


@app.command(name="list")
def list_(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the keys, never their secret part."""
    from db import keys
    from outcry.database import floor_database

    async def run() -> list[keys.ApiKey]:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            return await keys.list_keys(pool)

    found = asyncio.run(run())
    if as_json:
        names = ("id", "name", "prefix", "role", "created_at", "expires_at", "revoked_at", "last_used_at")
        typer.echo(
            json.dumps(
                [{n: None if getattr(k, n) is None else str(getattr(k, n)) for n in names} for k in found]
            )
        )
        return
    for key in found:
        state = (
            f"revoked {key.revoked_at:%Y-%m-%d}"
            if key.revoked_at
            else f"until {key.expires_at:%Y-%m-%d}"
            if key.expires_at
            else "valid"
        )
        used = f"used {key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
        typer.echo(f"{key.id}  {key.prefix:<20} {key.role:<7} {state:<18} {used:<22} {key.name}")


@app.command()
def revoke(
    key: Annotated[str, typer.Argument(help="id or public part of the key")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Revoke a key; it stops working within five seconds. Exit 1 when there is no such valid key."""
    from db import keys
    from outcry.database import floor_database

    async def run() -> bool:
        async with floor_database(home_folder(str(home) if home else None)) as pool:
            return await keys.revoke(pool, key)

    done = asyncio.run(run())
    typer.echo(
        json.dumps({"revoked": done}) if as_json else ("revoked" if done else f"no valid key {key}"),
        err=not done and not as_json,
    )
    if not done:
        raise typer.Exit(1)
