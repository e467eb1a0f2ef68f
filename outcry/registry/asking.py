"""One question to the registry: the home's database for a moment, who asks, and which names are taken."""

import asyncio
import getpass
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar
from uuid import UUID

import typer

from wire.config import DEFAULT_ORG, home_folder

if TYPE_CHECKING:
    import asyncpg

    from db.strategies.history import By

ORG = UUID(DEFAULT_ORG)
T = TypeVar("T")
NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="the strategy's name or id")]
VersionArgument = Annotated[
    str, typer.Argument(metavar="VERSION", help="1.2.3, latest, dev, staging or prod")
]
ReasonOption = Annotated[str | None, typer.Option(help="why; kept in the history")]


def folder_of(home: Path | None) -> Path:
    """The home that is meant."""
    return home_folder(str(home) if home else None)


def ask(home: Path | None, work: "Callable[[asyncpg.Pool], Awaitable[T]]") -> T:
    """The answer of ``work`` on the home's database."""
    from outcry.database import floor_database  # the database is for a command's run, not its help

    async def run() -> T:
        async with floor_database(folder_of(home)) as pool:
            return await work(pool)

    return asyncio.run(run())


def by(reason: str | None = None) -> "By":
    """The person at this terminal. Raises BadInput for a reason that cannot be kept."""
    from db.strategies import history

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # an account without a name, as containers have them
        name = "cli"
    return history.by(name if name.isprintable() else "cli", reason)


async def reserved(pool: "asyncpg.Pool") -> frozenset[str]:
    """Names no strategy may vote under: of the agents installed here, and of those on the floor."""
    from agents.registry import discover
    from db.strategies.seats import roster

    return frozenset(discover().agents) | await roster(pool)
